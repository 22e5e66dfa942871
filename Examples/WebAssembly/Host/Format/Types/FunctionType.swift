/// Parameters and results of a function, of a block, or (without results) of a tag.
package struct FunctionType: Hashable, Sendable {
  package let parameters: [ValueType]
  package let results: [ValueType]

  package init(parameters: [ValueType] = [], results: [ValueType] = []) {
    self.parameters = parameters
    self.results = results
  }
}

extension FunctionType: CustomStringConvertible {
  /// As the specification writes it: `[i32 i32] -> [i64]`.
  package var description: String {
    func list(_ types: [ValueType]) -> String {
      "[" + types.map(\.description).joined(separator: " ") + "]"
    }
    return list(parameters) + " -> " + list(results)
  }
}
