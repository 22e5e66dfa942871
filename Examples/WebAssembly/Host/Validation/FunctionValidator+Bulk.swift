// Instructions behind the byte 0xFC.
extension FunctionValidator {
  mutating func bulk() throws(WasmModuleError) {
    let number = try reader.u32()
    guard let opcode = UInt8(exactly: number).flatMap(BulkOpcode.init(rawValue:)) else {
      if 19...22 ~= number { throw .unsupported(.wideArithmetic, "an instruction", at: place) }
      throw .malformed("illegal opcode", at: place)
    }
    switch opcode {
    case .i32TruncSatF32S, .i32TruncSatF32U: try convert(.f32, .i32)
    case .i32TruncSatF64S, .i32TruncSatF64U: try convert(.f64, .i32)
    case .i64TruncSatF32S, .i64TruncSatF32U: try convert(.f32, .i64)
    case .i64TruncSatF64S, .i64TruncSatF64U: try convert(.f64, .i64)
    case .memoryInit:
      try dataSegment()
      try memory()
      try popThreeNumbers()
    case .dataDrop: try dataSegment()
    case .memoryCopy:
      try memory()
      try memory()
      try popThreeNumbers()
    case .memoryFill:
      try memory()
      try popThreeNumbers()
    case .tableInit:
      let segment = try elementSegment()
      let table = try self.table()
      guard segment == table else { throw mismatch(table, segment) }
      try popThreeNumbers()
    case .elemDrop: _ = try elementSegment()
    case .tableCopy:
      let target = try table()
      let source = try table()
      guard source == target else { throw mismatch(target, source) }
      try popThreeNumbers()
    case .tableGrow:
      let type = try table()
      try pop(.i32)
      try pop(raw: type)
      try push(.i32)
    case .tableSize:
      _ = try table()
      try push(.i32)
    case .tableFill:
      let type = try table()
      try pop(.i32)
      try pop(raw: type)
      try pop(.i32)
    }
  }

  private mutating func popThreeNumbers() throws(WasmModuleError) {
    for _ in 0..<3 { try pop(.i32) }
  }

  private mutating func dataSegment() throws(WasmModuleError) {
    let index = Int(try reader.u32())
    guard let count = context.dataCount else { throw .malformed("data count section required", at: place) }
    guard index < count else { throw .invalid("unknown data segment \(index)", at: place) }
  }

  private mutating func elementSegment() throws(WasmModuleError) -> UInt8 {
    let index = Int(try reader.u32())
    guard index < context.elementTypes.count else { throw .invalid("unknown elem segment \(index)", at: place) }
    return context.elementTypes[index]
  }
}
