import FtraceEngine
import FtraceQuiescence
import FtraceTraceBuffer

/// Writes the names of a runtime's functions, gates and adaptors into a buffer, each before the first event that can have it.
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

  /// Begins with the names of all code that there is.
  package init(_ buffer: TraceBuffer, of runtime: TraceRuntime) {
    self.buffer = buffer
    self.runtime = runtime
    base = runtime.codeAddresses.lowerBound
    AtFork.add(state.lock)
    runtime.add(self)
  }

  /// Ends it: there are no more names.
  package func finish() { runtime.remove(self) }

  /// Why names are missing, and how many; nil: none is.
  var trouble: (error: TraceBufferError, unnamed: Int)? {
    state.withLock { state in state.error.map { ($0, state.unnamed) } }
  }

  package func codeNamed(_ name: String, _ signature: Signature?, start: UInt, size: Int) {
    let epoch = state.withLock { state in
      if state.claim(UInt64(start - base), UInt64(size)) {
        state.epoch += 1
        // The next event of each worker begins it; code that runs later than this sees that.
        buffer.epoch = state.epoch
      }
      return state.epoch
    }
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
