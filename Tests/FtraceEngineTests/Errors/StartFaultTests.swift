import Foundation
import Ftrace
import FtracePlatform
import FtraceTestSupport
import Testing

/// Starting a runtime while system calls fail by script: it exists as a whole or not at all.
@Suite struct StartFaultTests {
  @Test("hazard 11: a runtime whose start fails at any of its system calls does not exist")
  func everyCall() async {
    // In a process of its own, which nobody else's mappings and descriptors disturb.
    await #expect(processExitsWith: .success) {
      for mapping in [CodeArena.Mapping.automatic, .dual, .toggling] { try Self.everyCallFails(mapping) }
    }
  }

  private static func everyCallFails(_ mapping: CodeArena.Mapping) throws {
    let configuration = testConfiguration(.onFirstCall, [.set(\.mapping, mapping)])
    func make() throws { _ = try TraceRuntime(configuration).adder("f", 1)(1) }
    try make()
    let made = try System.withFaults([]) { script in
      try make()
      return script.records.map(\.call)
    }
    #expect(made.count > 5)
    let (open, mapped) = (try descriptors(), try mappings())
    var failed = 0
    for call in Set(made) where call != .close && call != .munmap {
      for nth in 1...made.count(where: { $0 == call }) {
        System.withFaults([.fail(call, nth: nth, errno: ENOMEM)]) {
          do {
            try make()
          } catch {
            failed += 1
            #expect(error is FtraceError, "\(call) \(nth): \(error)")
            #expect("\(error)".contains("ENOMEM") || "\(error)".contains("memory"), "\(error)")
          }
        }
        #expect(try descriptors() == open, "\(call) \(nth) leaves a descriptor open")
        #expect(try mappings() == mapped, "\(call) \(nth) leaves a mapping")
      }
    }
    // More failures than there are slots: none was kept.
    #expect(failed > 8)
    let runtimes = try (0..<8).map { _ in try TraceRuntime(configuration) }
    #expect(try runtimes[7].adder("f", 1)(1) == 2)
  }

  /// Descriptors of code memory that are open, and mappings of it. Other descriptors are opened by threads of the libraries, when they will.
  private static func descriptors() throws -> Int {
    let directory = "/proc/self/fd/"
    return try FileManager.default.contentsOfDirectory(atPath: directory).count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: directory + $0))?.contains("memfd") == true
    }
  }
  private static func mappings() throws -> Int {
    try String(contentsOfFile: "/proc/self/maps", encoding: .utf8).split(separator: "\n").count { $0.contains("memfd") }
  }

  @Test("where fork handlers cannot be installed there is no runtime, and the next one installs them")
  func forkHandlers() async {
    // In a process of its own: they are installed once.
    await #expect(processExitsWith: .success) {
      let configuration = testConfiguration()
      let (open, mapped) = (try Self.descriptors(), try Self.mappings())
      // More often than there is room for runtimes.
      for _ in 0..<9 {
        System.withFaults([.failAlways(.atFork, errno: ENOMEM)]) { script in
          do throws(FtraceError) {
            _ = try TraceRuntime(configuration)
            Issue.record("a runtime that a fork would not know of")
          } catch {
            guard case .system(let error) = error, error.callName == "pthread_atfork", error.errno == ENOMEM else {
              Issue.record("\(error)")
              return
            }
          }
          #expect(script.count(.atFork) == 1)
        }
      }
      #expect(try Self.descriptors() == open)
      #expect(try Self.mappings() == mapped)
      try System.withFaults([]) { script in
        let runtimes = try (0..<8).map { _ in try TraceRuntime(configuration) }
        #expect(try runtimes[7].adder("f", 1)(1) == 2)
        #expect(script.count(.atFork) == 1, "once for all")
      }
    }
  }

  @Test("where executable memory is refused altogether, the error says so")
  func refused() {
    aloneInProcess {
      for call in [SystemCall.mmap, .memfdCreate, .mprotect] {
        System.withFaults([.failAlways(call, errno: EACCES)]) {
          do {
            let runtime = try TraceRuntime(testConfiguration(.onFirstCall, [.set(\.mapping, .dual)]))
            _ = try runtime.adder("f", 1)
          } catch let error as FtraceError {
            #expect(error.description.contains("EACCES"), "\(call)")
          } catch { Issue.record("\(error)") }
        }
      }
    }
  }
}
