import Ftrace

/// The two ways to trace both ends of a function without touching its return address, with the same events: sites at the entry and before the return, which
/// call trampolines; and a jump at the entry to a stub of the function's own, which records, calls the body, records, and returns.
///
/// The engine has the first. Here both are written by hand, on a leaf, on a recursion, and on a graph of calls.
func exitWays(_ bench: Bench, _ results: inout Results) throws {
  let runtime = try TraceRuntime.forBenchmarks()
  let log = EventLog()
  var variants: [Variant] = []
  for way in ExitWay.allCases {
    func add(_ name: String, _ function: FunctionHandle, calls: Int, argument: Int) throws {
      let loop = try runtime.loop("loop over \(name) \(way)") { $0.call(function) }
      variants.append(Variant(name: "\(name)-\(way)", operations: Double(calls)) { _ = loop($0, 0, argument) })
    }
    try add("leaf", try runtime.both(way, "leaf \(way)", log) { $0.lea(.rax, .base(.rdi, 1)) }, calls: 1, argument: 1)
    let fib = try runtime.both(way, "fib \(way)", log) { $0.fibonacci() }
    try add("fib", fib, calls: fibCalls(8), argument: 8)
    var graph: [FunctionHandle] = []
    var calls: [Int] = []
    for number in 0..<24 {
      let callees = number < 2 ? [] : [number - 2, number / 2]
      calls.append(callees.reduce(1) { $0 + calls[$1] })
      graph.append(
        try runtime.both(way, "graph \(number) \(way)", log) { $0.mixes(number, calling: callees.map { graph[$0] }) })
    }
    try add("graph", graph[23], calls: calls[23], argument: 1)
  }
  let times = bench.interleave(variants)
  withExtendedLifetime(log) {}
  for name in ["leaf", "fib", "graph"] {
    guard let plain = times["\(name)-untraced"], let sites = times["\(name)-sites"] else { continue }
    results.add(
      Row(name: "\(name)-sites", samples: sites, baseline: .init(name: "\(name)-untraced", samples: plain), budget: nil)
    )
    if let stub = times["\(name)-stub"] {
      results.add(
        Row(name: "\(name)-stub", samples: stub, baseline: .init(name: "\(name)-sites", samples: sites), budget: nil))
    }
  }
}

private enum ExitWay: CaseIterable {
  case untraced, sites, stub
}

/// What events are written to: a cursor, its limit, whether an append is under way, a clock, and room that fits into the cache.
@safe private final class EventLog {
  static let (cursor, limit, busy, clock, room): (Int32, Int32, Int32, Int32, Int32) = (0, 8, 16, 24, 64)
  private static let bytes = 64 << 10
  // Safe: freed with the object, which outlives all calls of the code that writes to it.
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
  var address: UInt { unsafe UInt(bitPattern: memory) }

  init() {
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: Self.bytes)
    unsafe memory.storeBytes(of: address + UInt(Self.room), as: UInt.self)
    unsafe memory.storeBytes(of: address + UInt(Self.bytes - 64), toByteOffset: Int(Self.limit), as: UInt.self)
  }

  deinit { unsafe memory.deallocate() }
}

extension TraceRuntime {
  /// A function with a frame around `body`, both of whose ends are recorded.
  fileprivate func both(
    _ way: ExitWay, _ name: String, _ log: EventLog, _ body: (FunctionBuilder) -> Void
  ) throws -> FunctionHandle {
    try aligned(name) { f in
      let (entry, exit, stub, inner) = (f.label("entry"), f.label("exit"), f.label("stub"), f.label("inner"))
      switch way {
      case .untraced: break
      case .sites: f.call(entry)
      case .stub: f.jmp(stub)
      }
      f.bind(inner)
      f.push(.rbp)
      f.mov(.rbp, .rsp)
      f.push(.rbx)
      f.push(.r12)
      body(f)
      f.pop(.r12)
      f.pop(.rbx)
      f.pop(.rbp)
      if way == .sites { f.call(exit) }
      f.ret()
      switch way {
      case .untraced: break
      case .sites:
        for (label, isExit) in [(entry, false), (exit, true)] {
          f.align(64)
          f.bind(label)
          // A trampoline is shared: the place of the event is the address that it returns to.
          let full = f.event(log, isExit: isExit) { $0.mov(.r11d, .base(.rsp, 0)) }
          f.ret()
          full()
        }
      case .stub:
        f.align(64)
        f.bind(stub)
        f.push(.rbp)
        f.mov(.rbp, .rsp)
        let full = f.event(log, isExit: false) { $0.mov(.r11d, 1) }
        f.call(inner)
        let fullAtExit = f.event(log, isExit: true) { $0.mov(.r11d, 2) }
        f.pop(.rbp)
        f.ret()
        full()
        fullAtExit()
      }
    }
  }
}

extension FunctionBuilder {
  /// What a compiled body of the coarse clock does, with what it spills.
  /// - Returns: emits what is out of line.
  fileprivate func event(_ log: EventLog, isExit: Bool, _ loadPlace: (FunctionBuilder) -> Void) -> () -> Void {
    let (full, done) = (label("full"), label("done"))
    let (block, place): (Reg64, Reg64) = isExit ? (.rsi, .rdi) : (.rcx, .rax)
    if !isExit {
      mov(.base(.rsp, -8), .rcx)
      mov(.base(.rsp, -16), .rax)
    }
    mov(block, Int64(bitPattern: UInt64(log.address)))
    test(block, block)
    j(.e, full)
    cmp(.dword, .base(block, EventLog.busy), 0)
    j(.ne, full)
    mov(.dword, .base(block, EventLog.busy), 1)
    mov(.r11d, .base(block, EventLog.clock))
    mov(place, .base(block, EventLog.cursor))
    cmp(place, .base(block, EventLog.limit))
    j(.ae, full)
    mov(.base(place, 0), .r11d)
    loadPlace(self)
    mov(.base(place, 4), .r11d)
    add(place, 8)
    mov(.base(block, EventLog.cursor), place)
    mov(.dword, .base(block, EventLog.busy), 0)
    bind(done)
    if !isExit {
      mov(.rax, .base(.rsp, -16))
      mov(.rcx, .base(.rsp, -8))
    }
    return { [self] in
      // From the beginning again.
      bind(full)
      lea(place, .base(block, EventLog.room))
      mov(.base(block, EventLog.cursor), place)
      mov(.dword, .base(block, EventLog.busy), 0)
      jmp(done)
    }
  }

  fileprivate func fibonacci() {
    let done = label("base")
    mov(.rax, .rdi)
    cmp(.rdi, 2)
    j(.l, done)
    mov(.rbx, .rdi)
    lea(.rdi, .base(.rbx, -1))
    callSelf()
    mov(.r12, .rax)
    lea(.rdi, .base(.rbx, -2))
    callSelf()
    add(.rax, .r12)
    bind(done)
  }

  /// Some arithmetic between calls, as compiled programs have it.
  fileprivate func mixes(_ number: Int, calling callees: [FunctionHandle]) {
    mov(.rbx, .rdi)
    lea(.r12, .base(.rdi, index: .rdi, scale: .x4, Int32(number)))
    for callee in callees {
      mov(.rdi, .rbx)
      xor(.rdi, .r12)
      call(callee)
      imul(.r12, .rax, 0x9E37)
      shr(.rbx, 1)
      add(.r12, .rbx)
    }
    mov(.rax, .r12)
  }
}
