extension FunctionValidator {
  private mutating func function() throws(WasmModuleError) -> Int {
    let index = Int(try reader.u32())
    guard index < context.functionTypes.count else { throw .invalid("unknown function \(index)", at: place) }
    return index
  }

  mutating func call() throws(WasmModuleError) {
    facts.hasCall = true
    let signature = context.signatures[Int(context.functionTypes[try function()])]
    try pop(signature.parameters)
    try push(signature.results)
  }

  mutating func returnCall() throws(WasmModuleError) {
    facts.hasCall = true
    try tailCall(context.signatures[Int(context.functionTypes[try function()])])
  }

  mutating func callIndirect(isTail: Bool) throws(WasmModuleError) {
    facts.hasCall = true
    let type = Int(try reader.u32())
    let table = try self.table()
    guard table == ValueType.funcref.rawValue else {
      throw .invalid("type mismatch: an indirect call by a table that is not of functions", at: place)
    }
    guard type < context.signatures.count else { throw .invalid("unknown type \(type)", at: place) }
    let signature = context.signatures[type]
    try pop(.i32)
    if isTail { return try tailCall(signature) }
    try pop(signature.parameters)
    try push(signature.results)
  }

  private mutating func tailCall(_ signature: Signature) throws(WasmModuleError) {
    guard areEqual(signature.results, results) else {
      throw .invalid("type mismatch: the results of a tail call are not the function's", at: place)
    }
    try pop(signature.parameters)
    setUnreachable()
  }

  mutating func functionReference() throws(WasmModuleError) {
    let index = try function()
    guard context.declaredFunctions[index] else {
      throw .invalid("undeclared function reference \(index)", at: place)
    }
    try push(.funcref)
  }
}
