import CFtraceShims
import FtracePlatform

/// What tracers and the command line ask of a runtime beyond the public interface.
extension TraceRuntime {
  /// Unregisters as `unregister` does, and returns the calls that were not delivered to the ops because they came from within its
  /// own callback.
  package func unregisterCountingRecursions(_ ops: TraceOps) throws(FtraceError) -> Int {
    try core.value.unregisterCountingRecursions(ops)
  }

  /// The five bytes of `ftrace_call`, the inner call of `ftrace_caller`, and their address: what a change of tracer patches.
  package var callerCall: (address: UInt, bytes: [UInt8]) {
    read { ($0.executable($0.stubs.callerCall), $0.currentBytes(at: $0.stubs.callerCall).bytes) }
  }

  /// Writes five bytes over a site without the engine's knowledge: what an audit must find.
  ///
  /// Nobody may run code of the same page meanwhile: where code is not mapped twice, the page is not executable for a moment.
  /// - Throws: `.unknownSite` if there is no function at `ip`, `.system` if the kernel refuses to make the page writable.
  package func overwriteSite(at ip: UInt, with bytes: [UInt8]) throws(FtraceError) {
    precondition(bytes.count == 5, "a site has five bytes")
    try withState { (state) throws(FtraceError) in
      guard let offset = state.offset(of: ip), state.arena.entry(containing: ip) != nil else {
        throw .unknownSite(address: ip)
      }
      // Safe: the site lies in a live block, which is as long, and in one aligned word, so within a page.
      let place = unsafe state.arena.writableAddress(ofCodeAt: offset)
      let page = ip & ~UInt(System.pageSize - 1)
      let toggles = state.arena.activeMapping == .toggling
      do throws(SystemError) {
        if toggles { try System.mprotect(page, bytes: System.pageSize, .readWrite) }
        for index in 0..<5 { unsafe place.storeBytes(of: bytes[index], toByteOffset: index, as: UInt8.self) }
        if toggles { try System.mprotect(page, bytes: System.pageSize, .readExecute) }
      } catch { throw .system(error) }
    }
  }
}
