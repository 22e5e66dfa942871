extension ModuleDecoder {
  func constantExpression(_ part: inout BytesReader) throws(WasmModuleError) -> ConstantExpression {
    let begin = part.offset
    var operations: [ConstantExpression.Operation] = []
    while let operation = try constantOperation(&part) { operations.append(operation) }
    return ConstantExpression(offset: begin, operations: operations)
  }

  /// The next instruction; nil at the end of the expression.
  private func constantOperation(
    _ part: inout BytesReader
  ) throws(WasmModuleError) -> ConstantExpression.Operation? {
    let begin = part.offset
    let byte = try part.byte()
    guard let opcode = Opcode(rawValue: byte) else {
      if let feature = WasmFeature(needing: byte) { throw .unsupported(feature, "a constant expression", at: begin) }
      throw .malformed("illegal opcode", at: begin)
    }
    switch opcode {
    case .end: return nil
    case .i32Const: return .i32(try part.s32())
    case .i64Const: return .i64(try part.s64())
    case .f32Const: return .f32(try part.f32())
    case .f64Const: return .f64(try part.f64())
    case .refNull: return .refNull(try part.heapType())
    case .refFunc: return .refFunc(Int(try part.u32()))
    case .globalGet: return .globalGet(Int(try part.u32()))
    case .i32Add, .i32Sub, .i32Mul, .i64Add, .i64Sub, .i64Mul: return .binary(opcode)
    default: throw .invalid("constant expression required", at: begin)
    }
  }
}
