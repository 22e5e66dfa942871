import Foundation
import Testing

/// What must not compile does not, for the reason given, and its corrected twin does.
@Suite("Operands are checked by the compiler")
struct CompileTimeTests {
  struct Snippet: Sendable, CustomTestStringConvertible {
    let wrong: String
    let right: String
    let message: String

    init(_ wrong: String, _ right: String, _ message: String) {
      self.wrong = wrong
      self.right = right
      self.message = message
    }

    var testDescription: String { wrong }
  }

  static let snippets: [Snippet] = [
    Snippet("a.mov(.rax, .ecx)", "a.mov(.rax, .rcx)", "have one width"),
    Snippet("a.add(.al, .cx)", "a.add(.al, .cl)", "have one width"),
    Snippet("a.cmp(.base(.rax), .base(.rcx))", "a.cmp(.base(.rax), .rcx)", "two memory operands"),
    Snippet("a.mov(.base(.rax), 5)", "a.mov(.qword, .base(.rax), 5)", "error:"),
    Snippet("a.inc(.base(.rax))", "a.inc(.dword, .base(.rax))", "error:"),
    Snippet("a.mov(.rax, .base(.rcx, index: .rsp))", "a.mov(.rax, .base(.rcx, index: .rbp))", "error:"),
    Snippet("a.mov(.rax, .base(.ecx))", "a.mov(.rax, .base(.rcx))", "error:"),
    Snippet(
      "a.mov(.rax, .base(.rcx, index: .rdx, scale: .x3))", "a.mov(.rax, .base(.rcx, index: .rdx, scale: .x8))", "error:"
    ),
    Snippet("a.lea(.al, .base(.rcx))", "a.lea(.eax, .base(.rcx))", "error:"),
    Snippet("a.lea(.rax, .rcx)", "a.lea(.rax, .base(.rcx))", "error:"),
    Snippet("a.imul(.al, .cl)", "a.imul(.ax, .cx)", "error:"),
    Snippet("a.movzx(.al, .cl)", "a.movzx(.eax, .cl)", "error:"),
    Snippet("a.movzx(.ax, .cx)", "a.movzx(.eax, .cx)", "error:"),
    Snippet("a.movzx(.eax, .base(.rcx))", "a.movzx(.eax, .byte, .base(.rcx))", "error:"),
    Snippet("a.movsxd(.eax, .ecx)", "a.movsxd(.rax, .ecx)", "error:"),
    Snippet("a.shl(.rax, .rcx)", "a.shl(.rax, .cl)", "error:"),
    Snippet("a.push(.eax)", "a.push(.rax)", "error:"),
    Snippet("a.call(.eax)", "a.call(.rax)", "error:"),
    Snippet("a.set(.e, .eax)", "a.set(.e, .al)", "error:"),
    Snippet("a.cmov(.e, .al, .cl)", "a.cmov(.e, .eax, .ecx)", "error:"),
    Snippet("a.bswap(.ax)", "a.bswap(.eax)", "error:"),
    Snippet("a.lock.add(.rax, .rcx)", "a.lock.add(.base(.rax), .rcx)", "error:"),
    Snippet("a.lock.mov(.base(.rax), .rcx)", "a.lock.xadd(.base(.rax), .rcx)", "has no member 'mov'"),
    Snippet("a.movsd(.xmm0, .rax)", "a.movq(.xmm0, .rax)", "error:"),
    Snippet("a.movsd(.base(.rax), .base(.rcx))", "a.movsd(.base(.rax), .xmm0)", "error:"),
    Snippet("a.addsd(.base(.rax), .xmm0)", "a.addsd(.xmm0, .base(.rax))", "error:"),
    Snippet("a.movd(.xmm0, .rax)", "a.movd(.xmm0, .eax)", "error:"),
    Snippet("a.cvtsi2sd(.xmm0, .ax)", "a.cvtsi2sd(.xmm0, .eax)", "error:"),
    Snippet("a.cvtsi2sd(.xmm0, .base(.rax))", "a.cvtsi2sd(.xmm0, .dword, .base(.rax))", "error:"),
    Snippet("a.cmpsd(.xmm0, .xmm1, 9)", "a.cmpsd(.xmm0, .xmm1, .less)", "error:"),
    Snippet("a.mov(.ah, .cl)", "a.mov(.al, .cl)", "error:"),
    Snippet("a.jmp(.eax)", "a.jmp(.rax)", "error:"),
  ]

  @Test("all corrected snippets compile together")
  func right() throws {
    let output = try typecheck(Self.snippets.map(\.right))
    #expect(output.status == 0, "\(output.text)")
  }

  @Test("each wrong snippet is an error on its own line")
  func wrong() throws {
    // One compilation for all: each snippet stands in a function of its own, on a line that its errors name.
    let output = try typecheck(Self.snippets.map(\.wrong))
    #expect(output.status != 0)
    for (index, snippet) in Self.snippets.enumerated() {
      let line = "Snippets.swift:\(index + 2):"
      let errors = output.text.split(separator: "\n").filter { $0.contains(line) && $0.contains("error:") }
      #expect(
        errors.contains { $0.contains(snippet.message) }, "\(snippet.wrong) compiles, or fails otherwise: \(errors)")
    }
  }

  private func typecheck(_ lines: [String]) throws -> (status: Int32, text: String) {
    let modules = try #require(Self.modules, "the built module FtraceX86Assembler.swiftmodule is beside the tests")
    let folder = FileManager.default.temporaryDirectory.appending(path: "ftrace-snippets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let functions = lines.enumerated().map { "func f\($0.offset)(_ a: Assembler) { \($0.element) }" }
    let file = folder.appending(path: "Snippets.swift")
    try (["import FtraceX86Assembler"] + functions).joined(separator: "\n")
      .write(to: file, atomically: true, encoding: .utf8)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "swiftc", "-typecheck", "-swift-version", "6", "-diagnostic-style", "llvm", "-I",
      modules.path(percentEncoded: false),
      "-module-cache-path", folder.appending(path: "cache").path(percentEncoded: false),
      file.path(percentEncoded: false),
    ]
    let pipe = Pipe()
    process.standardError = pipe
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// Where this build's modules are: beside the test executable.
  private static let modules: URL? = {
    let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let candidates = CommandLine.arguments + [executable ?? ""]
    for path in candidates {
      let folder = URL(filePath: path).deletingLastPathComponent().appending(path: "Modules")
      if FileManager.default.fileExists(
        atPath: folder.appending(path: "FtraceX86Assembler.swiftmodule").path(percentEncoded: false))
      {
        return folder
      }
    }
    return nil
  }()
}
