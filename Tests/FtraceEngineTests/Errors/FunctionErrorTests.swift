import Ftrace
import FtraceTestSupport
import Testing

@Suite struct FunctionErrorTests {
  @Test("names: taken, unknown, freed", arguments: RecordingMode.allCases)
  func names(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (f, g) = (try runtime.adder("schedule", 1), try runtime.adder("other", 2))
      _ = f(1)
      try expectUnchanged(runtime, "define") {
        _ = try runtime.adder("schedule", 3)
      } fails: {
        if case .nameTaken("schedule") = $0 { true } else { false }
      }
      try expectUnchanged(runtime, "declare") {
        _ = try runtime.declare("schedule")
      } fails: {
        if case .nameTaken("schedule") = $0 { true } else { false }
      }
      try expectUnchanged(runtime, "rename") {
        try runtime.rename(g.handle, to: "schedule")
      } fails: {
        if case .nameTaken("schedule") = $0 { true } else { false }
      }
      try expectUnchanged(runtime, "import") {
        _ = try runtime.importFunction("schedule", bytes: [0xC3], sites: [])
      } fails: {
        if case .nameTaken("schedule") = $0 { true } else { false }
      }
      try expectUnchanged(runtime, "look up") {
        _ = try runtime.function(named: "shedule")
      } fails: {
        if case .unknownFunction("shedule", nearest: ["schedule"]) = $0 { true } else { false }
      }
      #expect((f(1), g(1)) == (2, 3))

      try runtime.free(g.handle)
      #expect(!g.handle.isLive)
      func isFreed(_ error: FtraceError) -> Bool { if case .functionFreed("other") = error { true } else { false } }
      try expectUnchanged(runtime, "free") {
        try runtime.free(g.handle)
      } fails: {
        isFreed($0)
      }
      try expectUnchanged(runtime, "redefine") {
        try runtime.redefine(g.handle) { $0.addsToArgument(1) }
      } fails: {
        isFreed($0)
      }
      try expectUnchanged(runtime, "rename") {
        try runtime.rename(g.handle, to: "new")
      } fails: {
        isFreed($0)
      }
      try expectUnchanged(runtime, "code") {
        _ = try g.handle.code()
      } fails: {
        isFreed($0)
      }
      // The name is free again.
      let again = try runtime.adder("other", 5)
      #expect(again(1) == 6)
    }
  }

  @Test(
    "a function that emitted code calls is not freed unless forced, and the error names the callers",
    arguments: RecordingMode.allCases)
  func stillCalled(mode: RecordingMode) throws {
    try withRuntime(mode, alone: true) { runtime in
      let callee = try runtime.adder("callee", 1)
      let (b, a) = (try runtime.forwarder("b", to: callee), try runtime.forwarder("a", to: callee))
      let recursive = try runtime.define("recursive", as: ((Int) -> Int).self) { f in
        f.entrySite()
        f.callSelf()
        f.ret()
      }
      try expectUnchanged(runtime) {
        try runtime.free(callee.handle)
      } fails: {
        if case .stillCalled("callee", callers: ["a", "b"]) = $0 { $0.description.contains("a, b") } else { false }
      }
      #expect(callee(1) == 2)
      try runtime.redefine(a.handle) { $0.addsToArgument(7) }
      try runtime.free(b.handle)
      try runtime.free(callee.handle)
      // A function's calls of itself do not keep it.
      try runtime.free(recursive.handle)
      #expect(runtime.functionNames == ["a"])
      #expect(a(1) == 8)
    }
  }

  @Test("signatures: what is stated twice must agree")
  func signatures() throws {
    try withRuntime { runtime in
      let f = try runtime.adder("f", 1)
      func isMismatch(_ error: FtraceError) -> Bool {
        if case .signatureMismatch("f", _, _) = error { true } else { false }
      }
      try expectUnchanged(runtime) {
        _ = try runtime.typed(f.handle, as: ((Double) -> Int).self)
      } fails: {
        isMismatch($0)
      }
      try expectUnchanged(runtime) {
        _ = try runtime.typed(f.handle, as: ((Int) -> Void).self)
      } fails: {
        isMismatch($0)
      }
      #expect(try runtime.typed(f.handle, as: ((Int) -> Int).self)(1) == 2)
      _ = try runtime.declare("later", signature: Signature([.int64], returning: .int64))
      try expectUnchanged(runtime) {
        _ = try runtime.declare("later", signature: Signature([.double]))
      } fails: {
        if case .signatureMismatch("later", _, _) = $0 { true } else { false }
      }
    }
  }

  @Test("a signature that is stated late is the function's from then on", arguments: RecordingMode.allCases)
  func lateSignature(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let nine = Signature(Array(repeating: .int64, count: 9), returning: .int64)
      func last(_ f: FunctionBuilder) {
        f.entrySite()
        f.prologue()
        f.mov(.rax, f.stackArgument(16))
        f.functionReturn()
      }
      let declared = try runtime.declare("f")
      #expect(declared.signature == nil)
      // A definition that fails states nothing.
      try expectUnchanged(runtime) {
        _ = try runtime.define("f", signature: Signature([.double])) { $0.call(slot: Symbol(rawValue: 77)) }
      } fails: {
        if case .invalidImage = $0 { true } else { false }
      }
      #expect(declared.signature == nil)
      let defined = try runtime.define("f", signature: nine, last)
      #expect(declared.signature == nine && defined.signature == nine)
      typealias F = @convention(c) (Int, Int, Int, Int, Int, Int, Int, Int, Int) -> Int
      // Safe: the gate of a function of this type; its handle lives.
      let gate = unsafe unsafeBitCast(try declared.gate(), to: F.self)
      #expect(gate(1, 2, 3, 4, 5, 6, 7, 8, 9) == 9)
      #expect {
        _ = try runtime.typed(declared, as: ((Int) -> Int).self)
      } throws: {
        if case FtraceError.signatureMismatch("f", _, _) = $0 { true } else { false }
      }
      // A declaration may come again and say more.
      let again = try runtime.declare("g")
      _ = try runtime.declare("g", signature: nine)
      #expect(again.signature == nine)
    }
  }

  @Test("a gate that was made before the signature passes on no arguments on the stack, and says so")
  func gateBeforeSignature() throws {
    try withRuntime { runtime in
      let declared = try runtime.declare("f")
      _ = try declared.gate()
      try expectUnchanged(runtime) {
        _ = try runtime.define("f", signature: Signature(Array(repeating: .int64, count: 7), returning: .int64)) {
          $0.addsToArgument(1)
        }
      } fails: {
        if case .signatureMismatch("f", let expected, _) = $0 { expected.contains("its gate was made") } else { false }
      }
      #expect(declared.signature == nil)
      let f = try runtime.define("f", as: ((Int) -> Int).self) { $0.addsToArgument(1) }
      #expect(f(1) == 2)
      #expect(declared.signature?.arguments == [.int64])
    }
  }

  @Test("code that cannot be assembled defines nothing", arguments: RecordingMode.allCases)
  func assembly(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      func isUnbound(_ error: FtraceError) -> Bool {
        if case .assembly(.unboundLabel(name: "nowhere", offset: _)) = error { true } else { false }
      }
      func unbound(_ f: FunctionBuilder) {
        f.entrySite()
        f.jmp(f.label("nowhere"))
      }
      try expectUnchanged(runtime) {
        _ = try runtime.define("g") { unbound($0) }
      } fails: {
        isUnbound($0)
      }
      try expectUnchanged(runtime) {
        try runtime.redefine(f.handle) { unbound($0) }
      } fails: {
        isUnbound($0)
      }
      #expect(f(1) == 2)
      // What was declared before stays declared, for whoever holds it.
      let declared = try runtime.declare("declared")
      try expectUnchanged(runtime) {
        _ = try runtime.define("declared") { unbound($0) }
      } fails: {
        isUnbound($0)
      }
      #expect(!declared.isLive)
      _ = try runtime.define("declared") { $0.addsToArgument(1) }
      #expect(declared.isLive)
    }
  }

  static let nop: [UInt8] = [0x0F, 0x1F, 0x44, 0, 0]

  static let images: [(name: String, image: FunctionImage, problem: ImageProblem)] = {
    func image(_ bytes: [UInt8], _ sites: [Int], _ relocations: [Relocation] = []) -> FunctionImage {
      FunctionImage(
        name: "image", bytes: bytes, sites: sites.map { Site(offset: $0, kind: .entry) }, relocations: relocations)
    }
    let padding = [UInt8](repeating: 0x90, count: 32)
    let foreign = Symbol(rawValue: 77)
    return [
      ("empty", image([], []), .empty),
      ("a site behind the end", image(nop + padding, [33]), .siteOutOfRange(offset: 33)),
      ("a site that ends behind the end", image([0x90, 0x90, 0x90] + nop.dropLast(), [3]), .siteOutOfRange(offset: 3)),
      ("a site before the start", image(nop + padding, [-1]), .siteOutOfRange(offset: -1)),
      ("a site far away", image(nop + padding, [.max - 4]), .siteOutOfRange(offset: .max - 4)),
      ("two sites in one place", image(nop + padding, [0, 0]), .sitesOverlap(offset: 0)),
      ("two sites that overlap", image([0xE8] + nop + padding, [0, 1]), .sitesOverlap(offset: 1)),
      ("a site across a word", image(Array(padding[..<4]) + nop + padding, [4]), .siteCrossesWord(offset: 4)),
      ("a site without a NOP", image(padding, [0]), .siteBytes(offset: 0, found: [0x90, 0x90, 0x90, 0x90, 0x90])),
      (
        "a NOP of two instructions", image([0x66, 0x90, 0x0F, 0x1F, 0x00] + padding, [0]),
        .siteBytes(offset: 0, found: [0x66, 0x90, 0x0F, 0x1F, 0x00])
      ),
      (
        "a symbol of nobody",
        image(padding, [], [Relocation(offset: 0, symbol: foreign, addend: 0, kind: .absolute64)]),
        .unresolvedSymbol(77)
      ),
      (
        "a relocation across the end",
        image(padding, [], [Relocation(offset: 25, symbol: .mcount, addend: 0, kind: .absolute64)]),
        .relocationOutOfRange(offset: 25)
      ),
      (
        "a relocation far away",
        image(padding, [], [Relocation(offset: .max - 4, symbol: .mcount, addend: 0, kind: .absolute64)]),
        .relocationOutOfRange(offset: .max - 4)
      ),
      (
        "a relocation before the start",
        image(padding, [], [Relocation(offset: -1, symbol: .mcount, addend: 0, kind: .pcRelative32)]),
        .relocationOutOfRange(offset: -1)
      ),
    ]
  }()

  @Test(
    "an image that cannot be installed is refused with its reason", arguments: RecordingMode.allCases, images.indices)
  func invalidImages(mode: RecordingMode, index: Int) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let (name, image, problem) = Self.images[index]
      try expectUnchanged(runtime, "\(name)") {
        _ = try runtime.define(image)
      } fails: {
        if case .invalidImage("image", problem) = $0 { $0.description.contains("image") } else { false }
      }
      #expect(f(1) == 2)
    }
  }

  @Test("a freed function's symbol cannot be referred to any more")
  func freedSymbol() throws {
    try withRuntime { runtime in
      let callee = try runtime.adder("callee", 1)
      try runtime.free(callee.handle)
      try expectUnchanged(runtime) {
        _ = try runtime.forwarder("caller", to: callee)
      } fails: {
        if case .invalidImage("caller", .unresolvedSymbol) = $0 { true } else { false }
      }
    }
  }

  @Test("an image larger than the arena is refused")
  func tooLarge() throws {
    try withRuntime(.onFirstCall, .set(\.reservation, 1 << 16)) { runtime in
      let bytes = [UInt8](repeating: 0x90, count: 1 << 20)
      try expectUnchanged(runtime) {
        _ = try runtime.importFunction("large", bytes: bytes, sites: [])
      } fails: {
        if case .invalidImage("large", .tooLarge(bytes: 1 << 20)) = $0 { true } else { false }
      }
    }
  }

  @Test("imported code is traced at the places that it names", arguments: RecordingMode.allCases)
  func imported(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      // A NOP or a call to anywhere: both become sites. lea rax, [rdi + 1]; ret.
      for (number, site) in [Self.nop, [0xE8, 1, 2, 3, 4]].enumerated() {
        let handle = try runtime.importFunction(
          "imported\(number)", bytes: site + [0x48, 0x8D, 0x47, 0x01, 0xC3], sites: [(0, .entry)])
        let f = try runtime.typed(handle, as: ((Int) -> Int).self)
        #expect(f(1) == 2)
        let log = CallLog()
        let ops = log.ops("ops", filter: TraceFilter(functions: ["imported\(number)"]))
        try runtime.register(ops)
        #expect(f(1) == 2)
        #expect(log.take().map(\.ip) == [try handle.entry])
        try runtime.unregister(ops)
        #expect(try handle.site == .nop)
      }
    }
  }

  @Test("an alignment that no memory has is refused", arguments: [0, -16, 24, 48, 8192])
  func alignments(alignment: Int) throws {
    try withRuntime { runtime in
      let image = FunctionImage(name: "f", bytes: Self.nop + [0xC3], sites: [], alignment: alignment)
      try expectUnchanged(runtime) {
        _ = try runtime.define(image)
      } fails: {
        if case .invalidImage("f", .alignment(alignment)) = $0 { "\($0)".contains("power of two") } else { false }
      }
      // Less than the least is no fault.
      _ = try runtime.define(FunctionImage(name: "f", bytes: Self.nop + [0xC3], sites: [], alignment: 1))
    }
  }

  @Test("what a declared function is called as is its signature")
  func signatureOfAView() throws {
    try withRuntime { runtime in
      let f = try runtime.declare("f")
      _ = try runtime.typed(f, as: ((Int, Double) -> Int).self)
      #expect(throws: FtraceError.self) { try runtime.typed(f, as: ((Int) -> Int).self) }
      #expect(throws: FtraceError.self) {
        try runtime.define("f", as: ((Int) -> Int).self) { $0.addsToArgument(1) }
      }
      #expect(!f.isLive)
      _ = try runtime.define("f", as: ((Int, Double) -> Int).self) { $0.addsToArgument(1) }
      #expect(f.isLive)
    }
  }

  @Test("a function without a body says whether it was freed or never had one")
  func bodiless() throws {
    try withRuntime { runtime in
      let f = try runtime.declare("f")
      func isUndefined(_ error: any Error) -> Bool {
        if case FtraceError.functionUndefined("f") = error { "\(error)".contains("define it") } else { false }
      }
      #expect(performing: { try f.code() }, throws: isUndefined)
      #expect(performing: { unsafe try f.rawEntry() }, throws: isUndefined)
      try runtime.free(f)
      func isFreed(_ error: any Error) -> Bool {
        if case FtraceError.functionFreed("f") = error { true } else { false }
      }
      #expect(performing: { try f.code() }, throws: isFreed)
      #expect(performing: { try f.gate() }, throws: isFreed)
    }
  }

  @Test("a declared function that was renamed traps with its new name")
  func renamedTrap() async throws {
    let result = try await #require(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try withRuntime { runtime in
        let f = try runtime.declare("old", signature: Signature())
        try runtime.rename(f, to: "new")
        try runtime.typed(f, as: (() -> Void).self)()
      }
    }
    let message = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(message.contains("new") && !message.contains("'old'"))
  }
}
