import CFtraceWasm
import FtraceEngine
import FtraceX86Assembler

/// Compiles one function in one pass over its validated body: see `Documentation/WebAssembly.md` for the code that it makes.
struct FunctionCompiler: ~Copyable {
  let layout: ModuleLayout
  let stubs: WasmStubs
  let words: HostWords
  let a: FunctionBuilder
  let type: TypeLayout
  var reader: BodyReader

  // MARK: - Values

  var stack = FlatStack<Operand>()
  var control = FlatStack<BlockFrame>(capacity: 16)
  var locals = FlatStack<LocalHome>()
  /// Temporaries that are free.
  var freeGeneral = Registers.general
  var freeVectors = Registers.vectors
  /// For each temporary in use the height of its operand on the stack; -1: it is being worked with. Vectors from 16 on.
  var owners: InlineArray<32, Int32> = .init(repeating: -1)
  /// Whether the code that is read can be reached.
  var isReachable = true

  // MARK: - Frame

  let survey: FunctionSurvey
  let facts: FunctionFacts
  let bytes: ModuleBytes
  /// Bytes below rbp that are taken before the locals.
  var firstLocal: Int32 = 0
  /// Bytes of the frame below rbp.
  var frameBytes: Int32 = 0
  /// Registers that callees preserve and this function uses.
  var savedRegisters = RegisterSet()
  var keepsContext = false
  /// Locals in registers that callees may change.
  var lostLocals: InlineArray<8, Int32> = .init(repeating: 0)
  var lostLocalCount = 0
  let returnLabel: Label
  /// Labels of the slow path of the stack check, and of where it goes back to.
  var stackCheck: (slow: UInt32, back: UInt32)?
  /// Where each kind of trap is raised, once one is.
  var traps: InlineArray<16, UInt32> = .init(repeating: .max)

  init(
    layout: ModuleLayout, stubs: WasmStubs, words: HostWords, bytes: ModuleBytes, body: FunctionBody,
    localRuns: [LocalRun], facts: FunctionFacts, type: Int, name: String
  ) {
    self.layout = layout
    self.stubs = stubs
    self.words = words
    self.type = layout.types[type]
    a = FunctionBuilder(name: name, layout: TraceRuntime.threadLayout, abi: .wasm)
    reader = BodyReader(bytes, at: body.code.lowerBound)
    survey =
      facts.catchesExceptions
      ? FunctionSurvey(
        catching: facts, layout: layout, locals: Int(self.type.parameterCount) + body.localCount)
      : FunctionSurvey(layout: layout, bytes: bytes, body: body, type: self.type)
    self.facts = facts
    self.bytes = bytes
    returnLabel = a.label()
    settleLocals(localRuns[body.localRuns])
  }

  /// The code.
  consuming func compile() throws(AssemblerError) -> FunctionImage {
    emitPrologue()
    control.push(
      BlockFrame(
        kind: .function, label: returnLabel.id, height: 0, type: BlockSignature(resultCount: type.resultCount)))
    while control.count > 0 {
      let opcode = reader.opcode()
      if isReachable { instruction(opcode) } else { unreachable(opcode) }
    }
    emitEpilogue()
    emitTraps()
    return try a.finish()
  }

  /// Code that cannot be reached is read for its structure alone.
  private mutating func unreachable(_ opcode: Opcode) {
    switch opcode {
    case .block, .loop, .if, .try, .tryTable:
      reader.skipImmediates(of: opcode)
      control.push(BlockFrame(kind: .block, isReachable: false, label: 0, height: 0, type: BlockSignature()))
    case .else: elseBranch()
    case .catch, .catchAll, .delegate:
      if control[control.count - 1].isReachable {
        instruction(opcode)
      } else {
        reader.skipImmediates(of: opcode)
        if opcode == .delegate { control.truncate(to: control.count - 1) }
      }
    case .end: end()
    default: reader.skipImmediates(of: opcode)
    }
  }

  /// The code of a trap of a kind, behind the function; branched to from any number of places.
  mutating func trapLabel(_ trap: ftrace_wasm_trap) -> Label {
    let number = Int(trap.rawValue)
    if traps[number] == .max { traps[number] = a.label().id }
    return a.label(numbered: traps[number])
  }

  private mutating func emitTraps() {
    for number in 0..<16 where traps[number] != .max {
      a.bind(a.label(numbered: traps[number]))
      a.call(stubs.traps[number])
    }
  }
}
