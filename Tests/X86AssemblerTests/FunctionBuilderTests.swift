import FtraceDisassembly
import FtraceX86Assembler
import Testing

@Suite("Functions")
struct FunctionBuilderTests {
  static let layout = ThreadLayout(depth: -64, poll: -56, stackLimit: -48)

  @Test("the entry site is a call of mcount in the first five bytes")
  func entry() throws {
    let f = FunctionBuilder(name: "leaf", layout: Self.layout)
    f.entrySite()
    f.lea(.rax, .base(.rdi, index: .rdi, scale: .x2))
    f.functionReturn()
    let image = try f.finish()
    #expect(image.name == "leaf")
    let nop: [UInt8] = [0x0F, 0x1F, 0x44, 0, 0]
    #expect(image.bytes == [0xE8, 0, 0, 0, 0, 0x48, 0x8D, 0x04, 0x7F] + nop + [0xC3])
    #expect(image.sites == [Site(offset: 0, kind: .entry), Site(offset: 9, kind: .exit)])
    #expect(image.relocations == [Relocation(offset: 1, symbol: .mcount, addend: -4, kind: .pcRelative32)])
    #expect(image.rawReturns.isEmpty && image.frameSize == 0 && image.alignment == 16 && image.abi == .c)
  }

  @Test("prologue and epilogue")
  func frame() throws {
    let f = FunctionBuilder(name: "frame", layout: Self.layout)
    f.entrySite()
    f.prologue(locals: 20, saving: [.rbx, .r12])
    f.mov(f.local(4), .rdi)
    f.functionReturn()
    let image = try f.finish()
    let text = try Disassembler().decode(image.bytes, at: 0x1000).map(\.text)
    #expect(
      text == [
        "call 0x1005", "cmp rsp, qword ptr fs:[0xffffffffffffffd0]", "jbe 0x102e", "push rbp", "mov rbp, rsp",
        "push rbx", "push r12", "sub rsp, 0x20", "mov qword ptr [rbp - 0x2c], rdi", "lea rsp, [rbp - 0x10]", "pop r12",
        "pop rbx", "pop rbp", "nop", "nop dword ptr [rax + rax]", "ret", "mov r11, rsp", "call qword ptr [rip]",
        "jmp 0x1010",
      ])
    #expect(image.frameSize == 8 + 16 + 32)
    #expect(image.relocations.map(\.symbol) == [.mcount, .stackCheckSlow])
    #expect(image.rawReturns.isEmpty)
  }

  @Test("a large frame is checked by its end")
  func largeFrame() throws {
    let f = FunctionBuilder(name: "large", layout: Self.layout)
    f.prologue(locals: 100_000)
    f.functionReturn()
    let text = try Disassembler().decode(try f.finish().bytes).map(\.text)
    #expect(text[0] == "lea r11, [rsp - 0x186a8]" && text[1] == "cmp r11, qword ptr fs:[0xffffffffffffffd0]")
    #expect(text[5] == "sub rsp, 0x186a0" && text[6] == "leave")
  }

  @Test("a poll is a compare and a branch to a call behind the function")
  func poll() throws {
    let f = FunctionBuilder(name: "loop", layout: Self.layout)
    f.entrySite()
    f.prologue(stackCheck: false)
    let loop = f.here()
    f.poll()
    f.dec(.rdi)
    f.j(.ne, loop)
    f.functionReturn()
    let image = try f.finish()
    let text = try Disassembler().decode(image.bytes).map(\.text)
    #expect(
      text == [
        "call 5", "push rbp", "mov rbp, rsp", "cmp dword ptr fs:[0xffffffffffffffc8], 0", "jne 0x20", "dec rdi",
        "jne 9", "leave", "nop dword ptr [rax + rax]", "ret", "call qword ptr [rip]", "jmp 0x14",
      ])
    #expect(image.relocations.last == Relocation(offset: 0x22, symbol: .pollSlow, addend: -4, kind: .pcRelative32))
  }

  @Test("raw returns are counted, tail calls leave the frame")
  func exits() throws {
    let (slot, code) = (Symbol(rawValue: 1), Symbol(rawValue: 2))
    let f = FunctionBuilder(name: "exits", layout: Self.layout, abi: .wasm)
    f.prologue(saving: [.rbx], stackCheck: false)
    f.tailCall(slot: slot)
    f.tailCall(code)
    f.tailCall(.rax)
    let end = f.label()
    f.jmp(end)
    f.bind(end)
    f.ret()
    f.ret(popping: 8)
    f.declaredVectorWidth = .bits256
    let image = try f.finish()
    let text = try Disassembler().decode(image.bytes).map(\.text)
    let leave: [String] = ["lea rsp, [rbp - 8]", "pop rbx", "pop rbp"]
    let site: [String] = ["nop dword ptr [rax + rax]"]
    // The first of them would cross a word.
    var expected = leave + ["nop"] + site
    expected.append("jmp qword ptr [rip]")
    expected += leave + site
    expected.append("jmp 0x2c")
    expected += leave + site
    expected += ["jmp rax", "jmp 0x3b", "ret", "ret 8"]
    #expect(Array(text.dropFirst(4)) == expected)
    #expect(image.rawReturns == [image.bytes.count - 4, image.bytes.count - 3])
    #expect(image.declaredVectorWidth == .bits256 && image.abi == .wasm)
    #expect(image.offset(of: end) == image.bytes.count - 4)
  }

  @Test("finish can be repeated, also after an error, and reset starts over")
  func repeated() throws {
    let f = FunctionBuilder(name: "again", layout: Self.layout)
    let lost = f.label("lost")
    f.entrySite()
    f.prologue()
    f.jmp(lost)
    #expect(throws: AssemblerError.self) { try f.finish() }
    f.bind(lost)
    f.functionReturn()
    let image = try f.finish()
    #expect(try f.finish() == image)
    f.reset()
    f.entrySite()
    f.prologue()
    f.functionReturn()
    #expect(try f.finish().sites.map(\.kind) == image.sites.map(\.kind))
  }

  @Test("misplaced sites and second prologues trap")
  func mistakes() async {
    await #expect(processExitsWith: .failure) {
      let f = FunctionBuilder(name: "", layout: ThreadLayout(depth: 0, poll: 0, stackLimit: 0))
      f.nop()
      f.entrySite()
    }
    await #expect(processExitsWith: .failure) {
      let f = FunctionBuilder(name: "", layout: ThreadLayout(depth: 0, poll: 0, stackLimit: 0))
      f.prologue()
      f.prologue()
    }
    await #expect(processExitsWith: .failure) {
      let f = FunctionBuilder(name: "", layout: ThreadLayout(depth: 0, poll: 0, stackLimit: 0))
      f.prologue(saving: [.rbx])
      f.tailCall(.rbx)
    }
    await #expect(processExitsWith: .failure) {
      let f = FunctionBuilder(name: "", layout: ThreadLayout(depth: 0, poll: 0, stackLimit: 0))
      f.tailCall(.r11)
    }
  }

  /// Branches between the sites shrink, so that every padding moves; each has to be right where it ends up.
  @Test(
    "exit sites lie in one word and never at a multiple of 16, wherever code ends up", arguments: 0..<40 as Range<Int>)
  func exitPlaces(filler: Int) throws {
    let f = FunctionBuilder(name: "exits", layout: Self.layout)
    f.entrySite()
    let ends = (0..<6).map { f.label("end \($0)") }
    for (index, end) in ends.enumerated() {
      f.j(.e, end)
      for _ in 0..<filler + index * 23 { f.emitFiller() }
      f.functionReturn()
      f.bind(end)
    }
    f.functionReturn()
    let image = try f.finish()
    let exits = image.sites.filter { $0.kind == .exit }
    #expect(exits.count == 7)
    for site in exits {
      #expect(ExitSite.isPermitted(at: site.offset) && site.offset % 8 <= 3 && site.offset % 16 != 0)
      #expect(Array(image.bytes[site.offset..<site.offset + 5]) == [0x0F, 0x1F, 0x44, 0, 0])
      #expect(image.bytes[site.offset + 5] == 0xC3)
    }
  }
}

extension FunctionBuilder {
  fileprivate func emitFiller() { bytes(UInt8(0x90)) }
}
