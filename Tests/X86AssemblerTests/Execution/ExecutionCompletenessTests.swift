import FtraceX86Assembler
import Testing

/// Every form of the table is run on the processor by some test of this folder.
@Suite("Execution: completeness")
struct ExecutionCompletenessTests {
  /// What ends the process: `SystemExecutionTests.traps` runs these in processes of their own.
  private static let elsewhere: Set<Form> = [.int3, .ud2, .hlt]

  @Test("no form is left out")
  func complete() throws {
    let executed = try ExecutedForms()
    try ExecutedForms.$current.withValue(executed) { () throws -> Void in
      let arithmetic = ArithmeticExecutionTests()
      try arithmetic.binary()
      try arithmetic.immediates()
      try arithmetic.unary()
      let float = FloatExecutionTests()
      try float.doubleArithmetic()
      try float.floatArithmetic()
      try float.comparisons()
      try float.conversions()
      let functions = FunctionExecutionTests()
      try functions.slowPaths()
      try functions.preserved()
      try functions.tailCall()
      let moves = MoveExecutionTests()
      try moves.widths()
      try moves.extensions()
      try moves.lea()
      for condition in Condition.allCases { try moves.conditions(condition) }
      try moves.exchanges()
      try moves.wideExchange()
      try moves.segment()
      try moves.control()
      try moves.strings()
      let multiply = MultiplyExecutionTests()
      try multiply.wide()
      try multiply.bytes()
      try multiply.extend()
      let shifts = ShiftExecutionTests()
      try shifts.shifts()
      try shifts.carry()
      try shifts.counts()
      try shifts.bitTests()
      let vectors = VectorExecutionTests()
      try vectors.moves()
      try vectors.scalars()
      try vectors.bitwise()
      try vectors.integers()
      try vectors.packed()
      try vectors.status()
      let lanes = LaneExecutionTests()
      try lanes.integerLanes()
      try lanes.shiftedLanes()
      try lanes.floatLanes()
      let selectors = VectorImmediateExecutionTests()
      try selectors.shifts()
      try selectors.selectors()
      try selectors.floats()
      try selectors.test()
      try selectors.memory()
      let shapes = ShapeExecutionTests()
      try shapes.immediates()
      try shapes.shifts()
      try shapes.exchange()
      let system = SystemExecutionTests()
      try system.control()
      try system.interruptReturn()
      try system.flags()
      try system.strings()
      try system.quiet()
      try system.system()
      for (save, restore) in SystemExecutionTests.states { try system.state(save: save, restore: restore) }
    }
    let missing = Set(Form.allCases).subtracting(executed.forms).subtracting(Self.elsewhere)
    #expect(missing.isEmpty, "not run: \(missing)")
  }

  @Test("what is taken for run is the form that was encoded", arguments: Form.allCases)
  func recognised(form: Form) throws {
    if form == .lockPrefix { return }
    let row = form.row
    for width in row.operandWidths {
      for operands in OperandSamples.combinations(row, width, memory: OperandSamples.few).prefix(12) {
        if form == .xchgAccR && operands[0] == .register(0) { continue }
        let a = Assembler()
        try a.encode(form, operands, width: width, condition: row.condition ? .e : nil)
        let found = ExecutedForms.forms(of: try a.finish().bytes)
        #expect(found == [form], "\(row.text(operands, width: width, condition: row.condition ? .e : nil))")
      }
    }
  }
}
