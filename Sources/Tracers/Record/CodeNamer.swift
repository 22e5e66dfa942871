import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Writes the names of a runtime's functions into a buffer, each before the first event of its function.
///
/// Where code takes the place of other code a new epoch begins: events that were recorded before keep the name of their time.
package final class CodeNamer: CodeObserver {
  fileprivate struct State {
    /// A bit for each 16 bytes of the arena that had a name.
    var named: [UInt64] = []
    var epoch: UInt32 = 0
    var error: TraceBufferError?
    var unnamed = 0
  }

  private let buffer: TraceBuffer
  private let runtime: TraceRuntime
  private let base: UInt
  private let state = ShortLocked(State())

  /// Begins with the names of all functions that there are.
  package init(_ buffer: TraceBuffer, of runtime: TraceRuntime) {
    self.buffer = buffer
    self.runtime = runtime
    base = runtime.codeAddresses.lowerBound
    AtFork.add(state.lock)
    runtime.add(self)
  }

  /// Ends it, with the names of what outsiders call functions by.
  package func finish() {
    runtime.remove(self)
    for stub in runtime.stubSymbols {
      // When it came to lie where a function was is not known: the events that there are keep the function's name.
      let epoch = state.withLock { state in
        state.claim(UInt64(stub.start - base), UInt64(stub.size)) ? state.epoch + 1 : 0
      }
      name(stub.name, start: stub.start, size: stub.size, epoch: epoch, nil)
    }
  }

  /// Why names are missing, and how many; nil: none is.
  var trouble: (error: TraceBufferError, unnamed: Int)? {
    state.withLock { state in state.error.map { ($0, state.unnamed) } }
  }

  package func codeNamed(_ name: String, _ signature: Signature?, start: UInt, size: Int) {
    let epoch = state.withLock { state in
      if state.claim(UInt64(start - base), UInt64(size)) {
        state.epoch += 1
        // Blocks that are begun from here on have it; code that runs later than this sees that.
        buffer.epoch = state.epoch
      }
      return state.epoch
    }
    self.name(name, start: start, size: size, epoch: epoch, signature)
  }

  private func name(_ name: String, start: UInt, size: Int, epoch: UInt32, _ signature: Signature?) {
    let entry = CodeName(
      start: UInt64(start - base), size: UInt64(size), epoch: epoch, name: name, signature: signature?.text ?? "")
    do throws(TraceBufferError) { try buffer.add([entry]) } catch {
      state.withLock { state in
        if state.error == nil { state.error = error }
        state.unnamed += 1
      }
    }
  }
}

extension CodeNamer.State {
  /// Marks a range as named: whether a part of it was.
  fileprivate mutating func claim(_ offset: UInt64, _ size: UInt64) -> Bool {
    var wasNamed = false
    for granule in Int(offset / 16)...Int((offset + max(size, 1) - 1) / 16) {
      let (word, bit) = (granule / 64, UInt64(1) << (granule % 64))
      if word >= named.count { named += [UInt64](repeating: 0, count: word + 1 - named.count) }
      if named[word] & bit != 0 { wasNamed = true }
      named[word] |= bit
    }
    return wasNamed
  }
}
