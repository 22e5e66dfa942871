import CFtraceWasm
import FtraceEngine

extension WasmStore {
  /// Calls a function with arguments of its types.
  ///
  /// On the thread that uses the store; from a host function, too.
  /// - Throws: a trap; the store can be used as before, with what the call has changed by then.
  package func call(_ function: WasmFunction, _ arguments: [WasmValue] = []) throws(WasmTrap) -> [WasmValue] {
    precondition(arguments.map(\.type) == function.type.parameters, "arguments of the function's types")
    let gate: UInt
    do throws(FtraceError) { gate = try engine.stubs.gate(function.type) } catch {
      throw WasmTrap(kind: .host, backtrace: [], omitted: 0, underlying: error)
    }
    var cells = arguments.map(\.word) + [0]
    var activation = unsafe ftrace_wasm_activation()
    let trap = unsafe cells.withUnsafeMutableBufferPointer { cells in
      // Safe: cells and activation live until the call has ended, by a return or a trap.
      unsafe activation.cells = cells.baseAddress
      unsafe activation.context = function.record.pointee.context
      unsafe activation.word = function.record.pointee.word
      return unsafe ftrace_wasm_call(&activation, UInt64(gate))
    }
    if trap != 0 { throw unsafe self.trap(trap, &activation) }
    return function.type.results.enumerated().map { index, type in
      WasmValue(index == 0 ? cells[0] : unsafe ftrace_wasm_store_results(raw)[index], type)
    }
  }

  private func trap(_ code: UInt32, _ activation: inout ftrace_wasm_activation) -> WasmTrap {
    let count = unsafe Int(activation.frame_count)
    let frames = unsafe withUnsafeBytes(of: &activation.frames) { frames in
      // Safe: an array of words.
      unsafe Array(frames.bindMemory(to: UInt64.self).prefix(count))
    }
    let underlying = pendingError
    pendingError = nil
    return WasmTrap(
      kind: WasmTrap.Kind(code),
      // The address after a call may be that of the next function.
      backtrace: frames.compactMap { engine.runtime.name(of: UInt($0) - 1) }, omitted: count - frames.count,
      underlying: underlying)
  }
}
