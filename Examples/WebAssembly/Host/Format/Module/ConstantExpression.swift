/// An initial value or a segment's offset: instructions that can be run before the module is.
package struct ConstantExpression: Hashable, Sendable {
  package enum Operation: Hashable, Sendable {
    case i32(Int32)
    case i64(Int64)
    /// Bits of the number.
    case f32(UInt32)
    /// Bits of the number.
    case f64(UInt64)
    case refNull(ValueType)
    case refFunc(Int)
    /// The value of an immutable global that stands before the expression.
    case globalGet(Int)
    /// `i32.add`, `i32.sub`, `i32.mul` and the same of `i64`, on the two values before.
    case binary(Opcode)
  }

  /// Where it begins in the module.
  package let offset: Int

  /// In the order of a stack machine; exactly one value is left.
  package let operations: [Operation]

  package init(offset: Int, operations: [Operation]) {
    self.offset = offset
    self.operations = operations
  }
}
