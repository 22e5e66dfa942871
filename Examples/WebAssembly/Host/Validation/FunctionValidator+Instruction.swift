extension FunctionValidator {
  mutating func instruction(_ opcode: Opcode) throws(WasmModuleError) {
    switch opcode {
    case .unreachable: setUnreachable()
    case .nop: break
    case .block: try block(.block)
    case .loop:
      facts.hasLoop = true
      try block(.loop)
    case .if: try block(.ifThen)
    case .else: try elseBranch()
    case .end: try end()
    case .br:
      try pop(try label().labelTypes)
      setUnreachable()
    case .brIf:
      let types = try label().labelTypes
      try pop(.i32)
      try pop(types)
      try push(types)
    case .brTable: try branchTable()
    case .return:
      try pop(results)
      setUnreachable()
    case .call: try call()
    case .callIndirect: try callIndirect(isTail: false)
    case .returnCall: try returnCall()
    case .returnCallIndirect: try callIndirect(isTail: true)

    case .try:
      facts.catchesExceptions = true
      try block(.tryBody)
    case .catch: try catchHandler()
    case .catchAll: try catchAllHandler()
    case .delegate: try delegate()
    case .tryTable: try tryTable()
    case .throw: try throwTag()
    case .rethrow: try rethrow()
    case .throwRef:
      try pop(.exnref)
      setUnreachable()

    case .drop: _ = try popAny()
    case .select: try select()
    case .selectTyped: try selectTyped()
    case .localGet: try push(raw: try local())
    case .localSet: try pop(raw: try local())
    case .localTee:
      let type = try local()
      try pop(raw: type)
      try push(raw: type)
    case .globalGet: try globalGet()
    case .globalSet: try globalSet()
    case .tableGet: try tableGet()
    case .tableSet: try tableSet()
    case .refNull: try push(try reader.heapType())
    case .refIsNull: try isNull()
    case .refFunc: try functionReference()

    case .i32Load8S, .i32Load8U: try load(.i32, 0)
    case .i32Load16S, .i32Load16U: try load(.i32, 1)
    case .i32Load: try load(.i32, 2)
    case .i64Load8S, .i64Load8U: try load(.i64, 0)
    case .i64Load16S, .i64Load16U: try load(.i64, 1)
    case .i64Load32S, .i64Load32U: try load(.i64, 2)
    case .i64Load: try load(.i64, 3)
    case .f32Load: try load(.f32, 2)
    case .f64Load: try load(.f64, 3)
    case .i32Store8: try store(.i32, 0)
    case .i32Store16: try store(.i32, 1)
    case .i32Store: try store(.i32, 2)
    case .i64Store8: try store(.i64, 0)
    case .i64Store16: try store(.i64, 1)
    case .i64Store32: try store(.i64, 2)
    case .i64Store: try store(.i64, 3)
    case .f32Store: try store(.f32, 2)
    case .f64Store: try store(.f64, 3)
    case .memorySize:
      try memory()
      try push(.i32)
    case .memoryGrow:
      try memory()
      try convert(.i32, .i32)

    case .i32Const:
      _ = try reader.s32()
      try push(.i32)
    case .i64Const:
      _ = try reader.s64()
      try push(.i64)
    case .f32Const:
      try reader.skip(4)
      try push(.f32)
    case .f64Const:
      try reader.skip(8)
      try push(.f64)

    default: try numeric(opcode)
    }
  }
}
