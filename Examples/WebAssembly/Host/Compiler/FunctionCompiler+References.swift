import CFtraceWasm
import FtraceX86Assembler

/// Tables, references, and what works on whole ranges of memories and tables.
extension FunctionCompiler {
  mutating func refFunc(_ function: Int) {
    let target = target(.funcref)
    if function < layout.importedFunctions {
      a.mov(target.register.r64, .base(Registers.context, layout.importedFunction(function)))
    } else {
      a.mov(target.register.r64, .base(Registers.context, Int32(FTRACE_WASM_CONTEXT_FUNCTIONS)))
      let offset = (function - layout.importedFunctions) * Int(FTRACE_WASM_FUNCTION_BYTES)
      a.add(target.register.r64, Int32(offset))
    }
    finish(target)
  }

  mutating func refIsNull() {
    var operand = pop()
    let register = use(&operand).r64
    a.test(register, register)
    release(operand)
    consume(.e)
  }

  mutating func tableGet(_ table: Int, _ type: ValueType) {
    var index = pop()
    let register = use(&index)
    a.mov(.r11, .base(Registers.context, layout.table(table)))
    a.cmp(register.r32, .base(.r11, Int32(FTRACE_WASM_TABLE_COUNT)))
    a.j(.ae, trapLabel(FTRACE_WASM_TRAP_TABLE))
    a.mov(.r11, .base(.r11, Int32(FTRACE_WASM_TABLE_ELEMENTS)))
    let result = takeGeneral()
    a.mov(result.r64, .base(.r11, index: IndexRegister(register.r64), scale: .x8))
    release(index)
    finish(type, in: result)
  }

  mutating func tableSet(_ table: Int) {
    var (value, index) = (pop(), pop())
    let (source, register) = (use(&value), use(&index))
    a.mov(.r11, .base(Registers.context, layout.table(table)))
    a.cmp(register.r32, .base(.r11, Int32(FTRACE_WASM_TABLE_COUNT)))
    a.j(.ae, trapLabel(FTRACE_WASM_TRAP_TABLE))
    a.mov(.r11, .base(.r11, Int32(FTRACE_WASM_TABLE_ELEMENTS)))
    a.mov(.base(.r11, index: IndexRegister(register.r64), scale: .x8), source.r64)
    release(value)
    release(index)
  }

  mutating func bulk() {
    let opcode = reader.bulkOpcode()
    switch opcode {
    case .i32TruncSatF32S: truncate(.f32, to: .i32, isSigned: true, saturates: true)
    case .i32TruncSatF32U: truncate(.f32, to: .i32, isSigned: false, saturates: true)
    case .i32TruncSatF64S: truncate(.f64, to: .i32, isSigned: true, saturates: true)
    case .i32TruncSatF64U: truncate(.f64, to: .i32, isSigned: false, saturates: true)
    case .i64TruncSatF32S: truncate(.f32, to: .i64, isSigned: true, saturates: true)
    case .i64TruncSatF32U: truncate(.f32, to: .i64, isSigned: false, saturates: true)
    case .i64TruncSatF64S: truncate(.f64, to: .i64, isSigned: true, saturates: true)
    case .i64TruncSatF64U: truncate(.f64, to: .i64, isSigned: false, saturates: true)
    case .memoryCopy:
      reader.skipIndices(2)
      callOperation(FTRACE_WASM_OP_MEMORY_COPY, operands: 3, first: nil)
      trapIfFailed(FTRACE_WASM_TRAP_MEMORY)
    case .memoryFill:
      reader.skipIndices(1)
      callOperation(FTRACE_WASM_OP_MEMORY_FILL, operands: 3, first: nil)
      trapIfFailed(FTRACE_WASM_TRAP_MEMORY)
    case .memoryInit:
      let segment = reader.index()
      reader.skipIndices(1)
      callOperation(FTRACE_WASM_OP_MEMORY_INIT, operands: 3, first: nil, last: [(false, Int32(segment))])
      trapIfFailed(FTRACE_WASM_TRAP_MEMORY)
    case .dataDrop:
      callOperation(FTRACE_WASM_OP_DATA_DROP, operands: 0, first: nil, last: [(false, Int32(reader.index()))])
    case .elemDrop:
      callOperation(FTRACE_WASM_OP_ELEMENT_DROP, operands: 0, first: nil, last: [(false, Int32(reader.index()))])
    case .tableInit:
      let segment = reader.index()
      let table = layout.table(reader.index())
      callOperation(
        FTRACE_WASM_OP_TABLE_INIT, operands: 3, first: nil, last: [(false, Int32(segment)), (true, table)])
      trapIfFailed(FTRACE_WASM_TRAP_TABLE)
    case .tableCopy:
      let target = layout.table(reader.index())
      let source = layout.table(reader.index())
      callOperation(FTRACE_WASM_OP_TABLE_COPY, operands: 3, first: target, last: [(true, source)])
      trapIfFailed(FTRACE_WASM_TRAP_TABLE)
    case .tableFill:
      callOperation(FTRACE_WASM_OP_TABLE_FILL, operands: 3, first: layout.table(reader.index()))
      trapIfFailed(FTRACE_WASM_TRAP_TABLE)
    case .tableGrow:
      callOperation(FTRACE_WASM_OP_TABLE_GROW, operands: 2, first: layout.table(reader.index()))
      pushResult()
    case .tableSize:
      let table = layout.table(reader.index())
      let target = target(.i32)
      a.mov(.r11, .base(Registers.context, table))
      a.mov(target.register.r32, .base(.r11, Int32(FTRACE_WASM_TABLE_COUNT)))
      finish(target)
    }
  }
}
