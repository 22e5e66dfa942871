import CFtraceWasm
import FtraceEngine

/// What all modules of a runtime share: stubs, gates, and the handler of faults.
package final class WasmEngine: Sendable {
  package let runtime: TraceRuntime
  let stubs: WasmStubs

  /// Prepares a runtime for WebAssembly. The process's handler of SIGSEGV is replaced by one that calls it for whatever is no trap.
  package init(_ runtime: TraceRuntime) throws(FtraceError) {
    self.runtime = runtime
    let error = ftrace_wasm_traps_install()
    precondition(error == 0, "sigaction(2) takes the handler of SIGSEGV (errno \(error))")
    stubs = try WasmStubs(runtime)
  }
}
