import FtraceX86Assembler

/// Emits the two halves of a gate of a host's own around its call, in the engine's code.
///
/// `leave` stands directly behind the call: a walk along frames knows a gate by the comparison with which leaving begins.
package struct GateCode {
  /// Where instructions go.
  package let code: Assembler
  private let paths: SlowPaths
  private let stubs: EngineStubs

  init(_ code: Assembler, stubs: EngineStubs) {
    self.code = code
    self.stubs = stubs
    paths = SlowPaths(code)
  }

  /// Enters: after this the thread is inside, and no stop is under way. Flags are lost, and no register.
  package func enter() { code.enter(nested: paths.nested, slow: paths.slow, entered: paths.entered) }

  /// Leaves what `enter` entered. Flags are lost, and no register.
  package func leave() { code.leave(nested: paths.leavingNested, slow: paths.leavingSlow, left: paths.left) }

  /// What stands behind the gate's last instruction.
  package func finish() { paths.emit(stubs) }
}
