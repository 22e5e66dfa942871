/// Validates functions, one after the other; each thread that does so has its own.
///
/// The algorithm is the specification's (Core specification, appendix "Validation Algorithm"): a stack of operand types and
/// a stack of blocks, in one pass.
struct FunctionValidator: ~Copyable {
  let context: ValidationContext
  private let opcodes = OpcodeTable.shared
  var reader: BytesReader
  var operands = OperandStack()
  /// Types of parameters and locals.
  var locals: [UInt8] = []
  var frames: [ControlFrame] = []
  var facts = FunctionFacts()

  /// The innermost frame's `height` and `isUnreachable`, which nearly every instruction asks for.
  var height = 0
  var isUnreachable = false

  /// Where the current instruction begins.
  var place = 0
  var results = TypeList.empty

  init(_ context: ValidationContext) {
    self.context = context
    reader = BytesReader(context.module.bytes, in: 0..<0)
  }

  /// Validates the body with this index among `module.bodies`.
  mutating func validate(body index: Int) throws(WasmModuleError) -> FunctionFacts {
    // The module is looked at where it is: a copy would retain all its arrays, for each function.
    let body = context.module.bodies[index]
    let signature = context.signatures[Int(context.functionTypes[context.module.importedFunctionCount + index])]
    reader = BytesReader(context.module.bytes, in: body.code)
    operands.reset()
    facts = FunctionFacts()
    frames.removeAll(keepingCapacity: true)
    locals.removeAll(keepingCapacity: true)
    locals.append(contentsOf: context.types[signature.parameters.indices])
    for index in body.localRuns {
      let run = context.module.localRuns[index]
      locals.append(contentsOf: repeatElement(run.type.rawValue, count: run.count))
    }
    results = signature.results
    place = reader.offset
    try pushFrame(.block, Signature(parameters: .empty, results: signature.results))
    while !frames.isEmpty {
      place = reader.offset
      let byte = try reader.byte()
      guard let opcode = opcodes[byte] else { throw illegal(byte) }
      facts.instructions &+= 1
      try instruction(opcode)
    }
    guard reader.isAtEnd else { throw .malformed("END opcode expected", at: reader.offset) }
    facts.maximumOperands = operands.highWater
    return facts
  }

  @inline(never)
  private func illegal(_ byte: UInt8) -> WasmModuleError {
    if let feature = WasmFeature(needing: byte) { return .unsupported(feature, "an instruction", at: place) }
    return .malformed("illegal opcode", at: place)
  }
}
