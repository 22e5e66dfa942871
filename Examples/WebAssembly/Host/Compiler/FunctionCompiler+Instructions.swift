import CFtraceWasm
import FtraceX86Assembler

/// Each instruction that can be reached.
extension FunctionCompiler {
  mutating func instruction(_ opcode: Opcode) {
    switch opcode {
    case .unreachable:
      a.jmp(trapLabel(FTRACE_WASM_TRAP_UNREACHABLE))
      stop()
    case .nop: break
    case .block: block()
    case .loop: loop()
    case .if:
      testTop()
      ifThen(.ne)
    case .else: elseBranch()
    case .end: end()
    case .br: branch(reader.index())
    case .brIf:
      testTop()
      branchIf(.ne)
    case .brTable: branchTable()
    case .return: returnFromFunction()
    case .call: call(reader.index())
    case .callIndirect: callIndirect()
    case .returnCall: returnCall(reader.index())
    case .returnCallIndirect: returnCallIndirect()
    case .drop: drop()
    case .select:
      testTop()
      select(.ne)
    case .selectTyped:
      reader.skipImmediates(of: opcode)
      testTop()
      select(.ne)
    case .localGet: localGet(reader.index())
    case .localSet: localSet(reader.index(), isTee: false)
    case .localTee: localSet(reader.index(), isTee: true)
    case .globalGet: globalGet(reader.index())
    case .globalSet: globalSet(reader.index())
    case .tableGet:
      let table = reader.index()
      tableGet(table, layout.tableTypes[table])
    case .tableSet: tableSet(reader.index())
    case .memorySize: memorySize()
    case .memoryGrow:
      reader.skipIndices(1)
      callOperation(FTRACE_WASM_OP_MEMORY_GROW, operands: 1, first: nil)
      pushResult()
    case .i32Const: push(.constant(.i32, UInt64(UInt32(bitPattern: reader.s32()))))
    case .i64Const: push(.constant(.i64, UInt64(bitPattern: reader.s64())))
    case .f32Const: push(.constant(.f32, UInt64(reader.f32())))
    case .f64Const: push(.constant(.f64, reader.f64()))
    case .refNull: push(.constant(reader.valueType(), 0))
    case .refIsNull: refIsNull()
    case .refFunc: refFunc(reader.index())
    case .bulk: bulk()
    case .try: tryBody()
    case .catch: catchClause(tag: reader.index())
    case .catchAll: catchClause(tag: nil)
    case .delegate: delegate(reader.index())
    case .throw: throwTag(reader.index())
    case .rethrow: rethrow(reader.index())
    case .throwRef: throwReference()
    case .tryTable: tryTable()
    default:
      if opcode.rawValue <= Opcode.i64Store32.rawValue {
        if opcode.rawValue < Opcode.i32Store.rawValue { loadMemory(opcode) } else { storeMemory(opcode) }
      } else if opcode.rawValue < Opcode.i32Clz.rawValue {
        comparison(opcode)
      } else if opcode.rawValue < Opcode.f32Abs.rawValue {
        integer(opcode)
      } else if opcode.rawValue < Opcode.i32WrapI64.rawValue {
        float(opcode)
      } else {
        conversion(opcode)
      }
    }
  }

  private mutating func comparison(_ opcode: Opcode) {
    switch opcode {
    case .i32Eqz: equalsZero(.i32)
    case .i64Eqz: equalsZero(.i64)
    case .i32Eq: compareIntegers(.i32, .e)
    case .i32Ne: compareIntegers(.i32, .ne)
    case .i32LtS: compareIntegers(.i32, .l)
    case .i32LtU: compareIntegers(.i32, .b)
    case .i32GtS: compareIntegers(.i32, .g)
    case .i32GtU: compareIntegers(.i32, .a)
    case .i32LeS: compareIntegers(.i32, .le)
    case .i32LeU: compareIntegers(.i32, .be)
    case .i32GeS: compareIntegers(.i32, .ge)
    case .i32GeU: compareIntegers(.i32, .ae)
    case .i64Eq: compareIntegers(.i64, .e)
    case .i64Ne: compareIntegers(.i64, .ne)
    case .i64LtS: compareIntegers(.i64, .l)
    case .i64LtU: compareIntegers(.i64, .b)
    case .i64GtS: compareIntegers(.i64, .g)
    case .i64GtU: compareIntegers(.i64, .a)
    case .i64LeS: compareIntegers(.i64, .le)
    case .i64LeU: compareIntegers(.i64, .be)
    case .i64GeS: compareIntegers(.i64, .ge)
    case .i64GeU: compareIntegers(.i64, .ae)
    case .f32Eq: floatsEqual(.f32, .equal)
    case .f32Ne: floatsEqual(.f32, .notEqual)
    case .f32Lt: compareFloats(.f32, .a, swapped: true)
    case .f32Gt: compareFloats(.f32, .a, swapped: false)
    case .f32Le: compareFloats(.f32, .ae, swapped: true)
    case .f32Ge: compareFloats(.f32, .ae, swapped: false)
    case .f64Eq: floatsEqual(.f64, .equal)
    case .f64Ne: floatsEqual(.f64, .notEqual)
    case .f64Lt: compareFloats(.f64, .a, swapped: true)
    case .f64Gt: compareFloats(.f64, .a, swapped: false)
    case .f64Le: compareFloats(.f64, .ae, swapped: true)
    case .f64Ge: compareFloats(.f64, .ae, swapped: false)
    default: preconditionFailure("not a comparison")
    }
  }

  private mutating func integer(_ opcode: Opcode) {
    switch opcode {
    case .i32Clz: count(.i32, .leadingZeros)
    case .i32Ctz: count(.i32, .trailingZeros)
    case .i32Popcnt: count(.i32, .ones)
    case .i32Add: integer(.i32, .add)
    case .i32Sub: integer(.i32, .sub)
    case .i32Mul: integer(.i32, .multiply)
    case .i32And: integer(.i32, .and)
    case .i32Or: integer(.i32, .or)
    case .i32Xor: integer(.i32, .xor)
    case .i32DivS: divide(.i32, isSigned: true, isRemainder: false)
    case .i32DivU: divide(.i32, isSigned: false, isRemainder: false)
    case .i32RemS: divide(.i32, isSigned: true, isRemainder: true)
    case .i32RemU: divide(.i32, isSigned: false, isRemainder: true)
    case .i32Shl: shift(.i32, .left)
    case .i32ShrS: shift(.i32, .rightSigned)
    case .i32ShrU: shift(.i32, .rightUnsigned)
    case .i32Rotl: shift(.i32, .rotateLeft)
    case .i32Rotr: shift(.i32, .rotateRight)
    case .i64Clz: count(.i64, .leadingZeros)
    case .i64Ctz: count(.i64, .trailingZeros)
    case .i64Popcnt: count(.i64, .ones)
    case .i64Add: integer(.i64, .add)
    case .i64Sub: integer(.i64, .sub)
    case .i64Mul: integer(.i64, .multiply)
    case .i64And: integer(.i64, .and)
    case .i64Or: integer(.i64, .or)
    case .i64Xor: integer(.i64, .xor)
    case .i64DivS: divide(.i64, isSigned: true, isRemainder: false)
    case .i64DivU: divide(.i64, isSigned: false, isRemainder: false)
    case .i64RemS: divide(.i64, isSigned: true, isRemainder: true)
    case .i64RemU: divide(.i64, isSigned: false, isRemainder: true)
    case .i64Shl: shift(.i64, .left)
    case .i64ShrS: shift(.i64, .rightSigned)
    case .i64ShrU: shift(.i64, .rightUnsigned)
    case .i64Rotl: shift(.i64, .rotateLeft)
    case .i64Rotr: shift(.i64, .rotateRight)
    default: preconditionFailure("not integer arithmetic")
    }
  }

  private mutating func float(_ opcode: Opcode) {
    switch opcode {
    case .f32Abs: absolute(.f32)
    case .f32Neg: negate(.f32)
    case .f32Ceil: round(.f32, .up)
    case .f32Floor: round(.f32, .down)
    case .f32Trunc: round(.f32, .towardZero)
    case .f32Nearest: round(.f32, .toNearestOrEven)
    case .f32Sqrt: squareRoot(.f32)
    case .f32Add: float(.f32, .add)
    case .f32Sub: float(.f32, .sub)
    case .f32Mul: float(.f32, .multiply)
    case .f32Div: float(.f32, .divide)
    case .f32Min: extremum(.f32, isMinimum: true)
    case .f32Max: extremum(.f32, isMinimum: false)
    case .f32Copysign: copySign(.f32)
    case .f64Abs: absolute(.f64)
    case .f64Neg: negate(.f64)
    case .f64Ceil: round(.f64, .up)
    case .f64Floor: round(.f64, .down)
    case .f64Trunc: round(.f64, .towardZero)
    case .f64Nearest: round(.f64, .toNearestOrEven)
    case .f64Sqrt: squareRoot(.f64)
    case .f64Add: float(.f64, .add)
    case .f64Sub: float(.f64, .sub)
    case .f64Mul: float(.f64, .multiply)
    case .f64Div: float(.f64, .divide)
    case .f64Min: extremum(.f64, isMinimum: true)
    case .f64Max: extremum(.f64, isMinimum: false)
    case .f64Copysign: copySign(.f64)
    default: preconditionFailure("not float arithmetic")
    }
  }

  private mutating func conversion(_ opcode: Opcode) {
    switch opcode {
    case .i32WrapI64: extend(.i32, .wrap)
    case .i32TruncF32S: truncate(.f32, to: .i32, isSigned: true, saturates: false)
    case .i32TruncF32U: truncate(.f32, to: .i32, isSigned: false, saturates: false)
    case .i32TruncF64S: truncate(.f64, to: .i32, isSigned: true, saturates: false)
    case .i32TruncF64U: truncate(.f64, to: .i32, isSigned: false, saturates: false)
    case .i64TruncF32S: truncate(.f32, to: .i64, isSigned: true, saturates: false)
    case .i64TruncF32U: truncate(.f32, to: .i64, isSigned: false, saturates: false)
    case .i64TruncF64S: truncate(.f64, to: .i64, isSigned: true, saturates: false)
    case .i64TruncF64U: truncate(.f64, to: .i64, isSigned: false, saturates: false)
    case .i64ExtendI32S: extend(.i64, .signed32)
    case .i64ExtendI32U: extend(.i64, .unsigned32)
    case .f32ConvertI32S: convertInteger(.i32, isSigned: true, to: .f32)
    case .f32ConvertI32U: convertInteger(.i32, isSigned: false, to: .f32)
    case .f32ConvertI64S: convertInteger(.i64, isSigned: true, to: .f32)
    case .f32ConvertI64U: convertInteger(.i64, isSigned: false, to: .f32)
    case .f64ConvertI32S: convertInteger(.i32, isSigned: true, to: .f64)
    case .f64ConvertI32U: convertInteger(.i32, isSigned: false, to: .f64)
    case .f64ConvertI64S: convertInteger(.i64, isSigned: true, to: .f64)
    case .f64ConvertI64U: convertInteger(.i64, isSigned: false, to: .f64)
    case .f32DemoteF64: convertFloat(to: .f32)
    case .f64PromoteF32: convertFloat(to: .f64)
    case .i32ReinterpretF32: reinterpret(to: .i32)
    case .i64ReinterpretF64: reinterpret(to: .i64)
    case .f32ReinterpretI32: reinterpret(to: .f32)
    case .f64ReinterpretI64: reinterpret(to: .f64)
    case .i32Extend8S: extend(.i32, .signed8)
    case .i32Extend16S: extend(.i32, .signed16)
    case .i64Extend8S: extend(.i64, .signed8)
    case .i64Extend16S: extend(.i64, .signed16)
    case .i64Extend32S: extend(.i64, .signed32)
    default: preconditionFailure("not a conversion")
    }
  }
}
