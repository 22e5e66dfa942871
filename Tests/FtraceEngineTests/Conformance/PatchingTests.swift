import CFtraceTestShims
import Ftrace
import FtraceEngine
import FtraceTestSupport
import Testing

private let nop: [UInt8] = [0x0F, 0x1F, 0x44, 0x00, 0x00]

/// The bytes of a call at `site` of `target`.
private func call(from site: UInt, to target: UInt) -> [UInt8] {
  let displacement = UInt32(bitPattern: Int32(truncatingIfNeeded: Int(bitPattern: target &- site) - 5))
  return [0xE8] + (0..<4).map { UInt8(truncatingIfNeeded: displacement >> ($0 * 8)) }
}

@Suite struct PatchingTests {
  static let mappings: [CodeArena.Mapping] = [.dual, .toggling]

  @Test("row 14: a patch that finds what it expects writes all five bytes", arguments: mappings)
  func match(mapping: CodeArena.Mapping) throws {
    try withRuntime(.atEmission, .set(\.mapping, mapping)) { runtime in
      let f = try runtime.adder("f", 1)
      let site = try f.handle.entry
      let behind = memory(at: site + 5, count: 11)
      let new = call(from: site, to: runtime.stubAddresses.stub)
      #expect(try runtime.modify(at: site, from: nop, to: new) == .modified)
      #expect(memory(at: site, count: 5) == new)
      #expect(memory(at: site + 5, count: 11) == behind, "bytes behind the site changed")
      #expect(f(1) == 2)
      #expect(try runtime.modify(at: site, from: new, to: nop) == .modified)
      #expect(memory(at: site, count: 5) == nop)
    }
  }

  @Test("row 15: a patch whose result is there already succeeds and writes nothing", arguments: mappings)
  func alreadyNew(mapping: CodeArena.Mapping) throws {
    try withRuntime(.atEmission, .set(\.mapping, mapping)) { runtime in
      let f = try runtime.adder("f", 1)
      let site = try f.handle.entry
      let other = call(from: site, to: runtime.stubAddresses.stub)
      #expect(try runtime.modify(at: site, from: other, to: nop) == .alreadyNew)
      #expect(try runtime.modify(at: site, from: nop, to: nop) == .alreadyNew)
      #expect(memory(at: site, count: 5) == nop)
      // Four of five bytes are not enough.
      #expect(try runtime.modify(at: site, from: other, to: nop.dropLast() + [1]) == .unexpected(nop))
    }
  }

  @Test("row 15: nothing is written even where nothing can be")
  func alreadyNewReadOnly() async {
    await #expect(processExitsWith: .success) {
      let runtime = try TraceRuntime(testConfiguration(.atEmission))
      let f = try runtime.adder("f", 1)
      let site = try f.handle.entry
      let alias = try #require(runtime.writableAlias(of: site))
      try runtime.reclaim()  // which fills what it reclaims
      try protect(alias, readOnly: true)
      let other = call(from: site, to: runtime.stubAddresses.stub)
      // A store would end the process with a signal.
      #expect(try runtime.modify(at: site, from: other, to: nop) == .alreadyNew)
      #expect(try runtime.modify(at: site, from: other, to: other) == .unexpected(nop))
    }
  }

  @Test("rows 16, 18: a patch that finds anything else, in any of the five bytes, writes nothing", arguments: mappings)
  func unexpected(mapping: CodeArena.Mapping) throws {
    try withRuntime(.atEmission, .set(\.mapping, mapping)) { runtime in
      let f = try runtime.adder("f", 1)
      let site = try f.handle.entry
      let new = call(from: site, to: runtime.stubAddresses.stub)
      for byte in 0..<5 {
        var expected = nop
        expected[byte] ^= 0x40
        #expect(try runtime.modify(at: site, from: expected, to: new) == .unexpected(nop), "byte \(byte)")
        #expect(memory(at: site, count: 5) == nop)
      }
    }
  }

  @Test(
    "rows 16, 18: a damaged site is reported with both byte strings, left alone, and harms no other",
    arguments: RecordingMode.allCases)
  func quarantine(mode: RecordingMode) throws {
    for byte in 0..<5 {
      try withRuntime(mode) { runtime in
        let functions = try runtime.adders(9)
        for f in functions { _ = f(1) }
        try runtime.forceUpdate()
        let damagedSite = try functions[4].handle.entry
        var damaged = nop
        damaged[byte] ^= 0x40
        runtime.poke(damaged, at: damagedSite)
        let counter = Counter()
        let ops = TraceOps(name: "count") { _ in counter.add() }
        let before = runtime.statistics.sitesWritten
        try runtime.register(ops)
        #expect(memory(at: damagedSite, count: 5) == damaged)
        #expect(runtime.statistics.sitesWritten == before + 8)
        #expect(runtime.statistics.quarantined == 1)
        let entry = try #require(runtime.quarantinedSites.first)
        #expect(runtime.quarantinedSites.count == 1)
        #expect((entry.ip, entry.function) == (damagedSite, "f4"))
        #expect((entry.expected, entry.found) == (nop, damaged))
        #expect(runtime.entrySites.count { $0.state == .quarantined } == 1)
        for (number, f) in functions.enumerated() where number != 4 { #expect(f(1) == 1 + number) }
        #expect(counter.count == 8)
        #expect(runtime.killedReason == nil)
      }
    }
  }

  @Test(
    "row 19: a failed site is not written again until an audit finds it sound, and then it takes part",
    arguments: RecordingMode.allCases)
  func sticky(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let (f, g) = (try runtime.adder("f", 1), try runtime.adder("g", 2))
      _ = (f(1), g(1))
      try runtime.forceUpdate()
      let site = try f.handle.entry
      let damaged: [UInt8] = [0x0F, 0x1F, 0x44, 0x00, 0x01]
      runtime.poke(damaged, at: site)
      let counter = Counter()
      let ops = TraceOps(name: "count") { _ in counter.add() }
      try runtime.register(ops)
      let written = runtime.statistics.sitesWritten
      for _ in 0..<3 {
        try runtime.setEnabled(false)
        try runtime.setEnabled(true)
      }
      try runtime.unregister(ops)
      try runtime.register(ops)
      #expect(runtime.statistics.sitesWritten == written + 8, "g alone is written, eight times")
      #expect(memory(at: site, count: 5) == damaged)
      // Sound means: what the record says, not merely anything.
      #expect(runtime.audit(releasing: true).released.isEmpty)
      #expect(runtime.quarantinedSites.map(\.ip) == [site])

      runtime.poke(nop, at: site)
      let audit = runtime.audit(releasing: true)
      #expect(audit.isSound)
      #expect(audit.released.map(\.ip) == [site])
      #expect(runtime.quarantinedSites.isEmpty)
      try runtime.forceUpdate()
      #expect(f(1) == 2)
      #expect(counter.count == 1, "the released site is not traced although an ops wants it")
      try runtime.unregister(ops)
      #expect(try f.handle.site == .nop)
    }
  }

  @Test("row 17: a patch outside of the code is refused without harm")
  func outside() throws {
    try withRuntime(.atEmission) { runtime in
      let f = try runtime.adder("f", 1)
      let site = try f.handle.entry
      for address: UInt in [0, 8, site + 4, site + 64 << 20, UInt(Int.max), UInt.max - 4] {
        #expect(try runtime.modify(at: address, from: nop, to: nop) == .fault, "\(String(address, radix: 16))")
      }
      #expect(f(1) == 2)
    }
  }

  @Test(
    "row 17: a site whose page is made inaccessible behind the engine's back does no harm to the process",
    arguments: RecordingMode.allCases)
  func inaccessible(mode: RecordingMode) async {
    await #expect(processExitsWith: .success) { [atEmission = (mode == .atEmission) as Bool] in
      let runtime = try TraceRuntime(testConfiguration(atEmission ? .atEmission : .onFirstCall))
      let lost = try runtime.adder("lost", 1)
      _ = lost(1)
      let alias = try #require(runtime.writableAlias(of: try lost.handle.entry))
      // Fill the page, so that the other function lies in another one.
      _ = try runtime.manyAdders(400, prefix: "filler")
      let kept = try runtime.adder("kept", 2)
      try runtime.reclaim()
      try protect(alias, readOnly: false)
      let counter = Counter()
      let ops = TraceOps(name: "count") { _ in counter.add() }
      // An error or a quarantine: both are right, a signal is not.
      do { try runtime.register(ops) } catch {}
      #expect(kept(1) == 3)
      #expect(lost(1) == 2)
    }
  }

  @Test("row 39: a displacement that would not fit is refused, never cut off")
  func reach() throws {
    let site: UInt = 0x7000_0000_0000
    #expect(try CodeArena.rel32(from: site, to: site + UInt(Int32.max)) == Int32.max)
    #expect(try CodeArena.rel32(from: site, to: site - (1 << 31)) == Int32.min)
    for target in [site + 1 << 31, site - (1 << 31) - 1, site + 1 << 32, 0] {
      #expect(throws: CodeMemoryError.outOfReach(from: site, to: target)) {
        try CodeArena.rel32(from: site, to: target)
      }
    }
  }

  @Test("row 39: a callback more than 2 GiB away is reached through a thunk", arguments: RecordingMode.allCases)
  func farCallback(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let (far, calls) = (try FarCallback(), SharedWords(1))
      let entry = try f.handle.entry
      #expect(max(far.address, entry) - min(far.address, entry) > 1 << 31)
      let ops = unsafe TraceOps(name: "far", context: calls.base, callback: far.callback)
      try runtime.register(ops)
      for _ in 0..<5 { #expect(f(1) == 2) }
      #expect(calls[0] == 5)
      try runtime.unregister(ops)
    }
  }

  @Test(
    "row 39: an image whose code would refer beyond the reach is refused, and nothing is written",
    arguments: RecordingMode.allCases)
  func farImage(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      let before = (runtime.statistics, runtime.functionNames)
      // lea rax, [rip + f's slot + Int32.max]: the slot lies behind the code, so the sum is out of reach.
      let image = FunctionImage(
        name: "far", bytes: [0x48, 0x8D, 0x05, 0, 0, 0, 0, 0xC3], sites: [],
        relocations: [Relocation(offset: 3, symbol: f.symbol, addend: .max, kind: .pcRelative32)])
      #expect(throws: FtraceError.self) { try runtime.define(image) }
      #expect(runtime.functionNames == before.1)
      #expect(runtime.statistics.liveCodeBytes == before.0.liveCodeBytes)
    }
  }

  @Test(
    "rows 14, 39: the engine's own code that was overwritten is never patched, and ends tracing",
    arguments: RecordingMode.allCases)
  func damagedEngine(mode: RecordingMode) throws {
    try withRuntime(mode) { runtime in
      let f = try runtime.adder("f", 1)
      _ = f(1)
      try runtime.forceUpdate()
      let call = runtime.stubAddresses.callerCall
      let sound = memory(at: call, count: 5)
      runtime.poke(sound.dropLast() + [sound[4] ^ 1], at: call)
      let counter = Counter()
      let ops = TraceOps(name: "count") { _ in counter.add() }
      #expect(throws: FtraceError.self) { try runtime.register(ops) }
      #expect(runtime.killedReason != nil)
      #expect(!runtime.audit().isSound)
      #expect(runtime.registeredOps.isEmpty)
      #expect(try f.handle.site == .nop, "a site was written although its callee could not be")
      #expect(f(1) == 2)
    }
  }
}
