import Foundation
import Ftrace
import FtraceWorkloads
import Testing

@Suite struct BrainfuckTests {
  /// Hands a program to the workload by way of a file.
  private func run(_ program: String, input: [UInt8] = [], threads: Int? = nil) throws -> String {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("brainfuck-\(UUID().uuidString)")
    try Data(program.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    return try output(of: "brainfuck", [file.path], threads: threads, input: input)
  }

  @Test("the sample prints a triangle of stars")
  func sample() throws {
    let triangle = (1...8).map { String(repeating: "*", count: $0) + "\n" }.joined()
    #expect(try output(of: "brainfuck", []) == triangle)
  }

  @Test("loops become functions, named by their place")
  func functions() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("brainfuck-\(UUID().uuidString)")
    try Data("+[>+[-]<-]".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    _ = try output(of: "brainfuck", [file.path]) { #expect($0.functionNames == ["loop_1", "loop_4", "main"]) }
  }

  @Test("programs do what the language says")
  func programs() throws {
    #expect(try run("") == "")
    #expect(try run("no commands but comment") == "")
    #expect(try run(",[.,]", input: Array("copy me".utf8)) == "copy me", "the end of the input reads as 0")
    #expect(try run(",>,<.>.", input: Array("ab".utf8)) == "ab")
    #expect(try run("++++++++[>++++++++<-]>+.") == "A")
    #expect(try run("[.]") == "", "a loop over 0 is not entered")
    #expect(try run("-[-]" + String(repeating: "+", count: 256 + 65) + ".") == "A", "cells wrap around")
    #expect(try run("<" + String(repeating: "+", count: 66) + ">" + "<.") == "B", "the tape is a ring")
    #expect(try run(String(repeating: ">", count: 65_536) + "+++++[>+++++++++++++<-]>.") == "A", "in both directions")
  }

  @Test("a loop of more steps than the interpreter follows is compared as far as it goes")
  func long() throws {
    // 255 * 255 * 255 inner steps, three commands each and more.
    #expect(try run("-[>-[>-[-]<-]<-]>>+++++++[>+++++++++<-]>++.") == "A")
  }

  @Test(
    "unbalanced brackets are malformed input, with the offset",
    arguments: [("]", 0), ("[", 0), ("+[[]", 1), ("+[]]", 3), ("comment ] here", 8)])
  func unbalanced(program: String, offset: Int) throws {
    let error = #expect(throws: WorkloadError.self) { try run(program) }
    guard case .malformed(let text) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(text.hasSuffix("at offset \(offset)"))
  }

  @Test("loops nest a thousand deep, and no deeper")
  func nesting() throws {
    func nested(_ depth: Int) -> String {
      "+" + String(repeating: "[", count: depth) + "-" + String(repeating: "]", count: depth)
    }
    #expect(try run(nested(1000)) == "")
    #expect(throws: WorkloadError.self) { try run(nested(1001)) }
  }

  @Test("a file that is not there, and a folder, cannot be read")
  func unreadable() {
    for path in ["/no/such/file", "/"] {
      let error = #expect(throws: WorkloadError.self) { _ = try Brainfuck(arguments: [path]) }
      guard case .unreadable(path, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
    }
  }

  @Test("a program runs on one thread")
  func threads() {
    #expect(throws: WorkloadError.self) { try run("+", threads: 2) }
  }
}
