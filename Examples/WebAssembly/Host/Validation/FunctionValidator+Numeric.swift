// Instructions without immediates that turn numbers into numbers.
extension FunctionValidator {
  mutating func numeric(_ opcode: Opcode) throws(WasmModuleError) {
    switch opcode {
    case .i32Add, .i32Sub, .i32Mul, .i32DivS, .i32DivU, .i32RemS, .i32RemU, .i32And, .i32Or, .i32Xor, .i32Shl, .i32ShrS,
      .i32ShrU, .i32Rotl, .i32Rotr:
      try combine(.i32)
    case .i32Eq, .i32Ne, .i32LtS, .i32LtU, .i32GtS, .i32GtU, .i32LeS, .i32LeU, .i32GeS, .i32GeU: try compare(.i32)
    case .i32Clz, .i32Ctz, .i32Popcnt, .i32Extend8S, .i32Extend16S: try convert(.i32, .i32)
    case .i32Eqz: try convert(.i32, .i32)
    case .i64Add, .i64Sub, .i64Mul, .i64DivS, .i64DivU, .i64RemS, .i64RemU, .i64And, .i64Or, .i64Xor, .i64Shl, .i64ShrS,
      .i64ShrU, .i64Rotl, .i64Rotr:
      try combine(.i64)
    case .i64Eq, .i64Ne, .i64LtS, .i64LtU, .i64GtS, .i64GtU, .i64LeS, .i64LeU, .i64GeS, .i64GeU: try compare(.i64)
    case .i64Clz, .i64Ctz, .i64Popcnt, .i64Extend8S, .i64Extend16S, .i64Extend32S: try convert(.i64, .i64)
    case .i64Eqz: try convert(.i64, .i32)
    case .f32Add, .f32Sub, .f32Mul, .f32Div, .f32Min, .f32Max, .f32Copysign: try combine(.f32)
    case .f32Eq, .f32Ne, .f32Lt, .f32Gt, .f32Le, .f32Ge: try compare(.f32)
    case .f32Abs, .f32Neg, .f32Ceil, .f32Floor, .f32Trunc, .f32Nearest, .f32Sqrt: try convert(.f32, .f32)
    case .f64Add, .f64Sub, .f64Mul, .f64Div, .f64Min, .f64Max, .f64Copysign: try combine(.f64)
    case .f64Eq, .f64Ne, .f64Lt, .f64Gt, .f64Le, .f64Ge: try compare(.f64)
    case .f64Abs, .f64Neg, .f64Ceil, .f64Floor, .f64Trunc, .f64Nearest, .f64Sqrt: try convert(.f64, .f64)
    case .i32WrapI64: try convert(.i64, .i32)
    case .i32TruncF32S, .i32TruncF32U, .i32ReinterpretF32: try convert(.f32, .i32)
    case .i32TruncF64S, .i32TruncF64U: try convert(.f64, .i32)
    case .i64ExtendI32S, .i64ExtendI32U: try convert(.i32, .i64)
    case .i64TruncF32S, .i64TruncF32U: try convert(.f32, .i64)
    case .i64TruncF64S, .i64TruncF64U, .i64ReinterpretF64: try convert(.f64, .i64)
    case .f32ConvertI32S, .f32ConvertI32U, .f32ReinterpretI32: try convert(.i32, .f32)
    case .f32ConvertI64S, .f32ConvertI64U: try convert(.i64, .f32)
    case .f32DemoteF64: try convert(.f64, .f32)
    case .f64ConvertI32S, .f64ConvertI32U: try convert(.i32, .f64)
    case .f64ConvertI64S, .f64ConvertI64U, .f64ReinterpretI64: try convert(.i64, .f64)
    case .f64PromoteF32: try convert(.f32, .f64)
    case .bulk: try bulk()
    default: throw .malformed("illegal opcode", at: place)
    }
  }

  @inline(__always)
  mutating func convert(_ from: ValueType, _ to: ValueType) throws(WasmModuleError) {
    try pop(from)
    try push(to)
  }

  @inline(__always)
  private mutating func combine(_ type: ValueType) throws(WasmModuleError) {
    try pop(type)
    try pop(type)
    try push(type)
  }

  @inline(__always)
  private mutating func compare(_ type: ValueType) throws(WasmModuleError) {
    try pop(type)
    try pop(type)
    try push(.i32)
  }
}
