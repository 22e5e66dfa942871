/// The immediate of `block`, `loop`, `if`, `try` and `try_table`.
package enum BlockType: Hashable, Sendable {
  /// `[] -> []`
  case empty
  /// `[] -> [t]`
  case value(ValueType)
  /// The function type at this index of the module.
  case function(Int)
}
