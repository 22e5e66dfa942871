import Foundation
import Ftrace
import FtraceDisassembly
import FtraceTestSupport
import Testing

/// The listings of the article on the reader's cost, against what is emitted.
@Suite struct ReaderCostTests {
  private static let article = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Sources/Quiescence/Quiescence.docc/ReaderCost.md")

  // With fences the code has them.
  @Test(
    "the article shows the gate, the poll and the prologue as they are emitted",
    .enabled(if: Quiescence.mode == .membarrier))
  func listings() throws {
    let text = try String(contentsOf: Self.article, encoding: .utf8)
    try withRuntime(.atEmission) { runtime in
      let function = try runtime.define("f", as: ((Int) -> Int).self) { f in
        let again = f.here("again")
        f.entrySite()
        f.prologue()
        f.poll()
        f.dec(.rdi)
        f.j(.ne, again)
        f.functionReturn()
      }
      let handle = try runtime.function(named: "f")
      // Up to the first return: the slow paths follow.
      let gate = try listing(at: try handle.gate(), in: runtime)
      let body = try listing(at: unsafe try handle.rawEntry(), in: runtime)
      for (name, lines) in [("gate", gate), ("function", body)] {
        #expect(
          text.contains("```text\n" + lines.joined(separator: "\n") + "\n```"),
          "\(name):\n\(lines.joined(separator: "\n"))")
      }
      withExtendedLifetime(function) {}
    }
  }

  /// The instructions from an address to the first `ret`, without addresses, with names for the thread's words.
  private func listing(at address: UInt, in runtime: TraceRuntime) throws -> [String] {
    // Safe: emitted code is followed by more of its block, and a block of the arena is mapped whole.
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: 96))
    let layout = TraceRuntime.threadLayout
    var lines: [String] = []
    for instruction in try Disassembler().decode(bytes, at: UInt64(address)) {
      var text = instruction.text
      for (name, displacement) in [
        ("depth", layout.depth), ("poll", layout.poll), ("stackLimit", layout.stackLimit),
      ] {
        let hex = String(UInt64(bitPattern: Int64(displacement)), radix: 16)
        text = text.replacing("fs:[0x\(hex)]", with: "fs:[\(name)]")
        text = text.replacing("fs:[-0x\(String(-Int(displacement), radix: 16))]", with: "fs:[\(name)]")
      }
      if instruction.target != nil { text = instruction.mnemonic + " ..." }
      text = text.replacing(#/\[rip [+-] 0x[0-9a-f]+\]/#, with: "[slot]")
      lines.append(text)
      if instruction.mnemonic == "ret" { break }
    }
    return lines
  }
}
