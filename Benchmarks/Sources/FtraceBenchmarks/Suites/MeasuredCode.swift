import Ftrace

/// The emitted functions that are measured. All begin on a cache line of their own, so that none is luckier than another.
extension TraceRuntime {
  /// A runtime whose daemon never runs by itself, so that no stop falls into a measurement.
  static func forBenchmarks(
    _ recording: RecordingMode = .atEmission, reservation: Int = 64 << 20
  ) throws(FtraceError) -> TraceRuntime {
    var configuration = Configuration()
    configuration.recording = recording
    configuration.daemonClock = .manual
    configuration.reservation = reservation
    return try TraceRuntime(configuration)
  }

  func aligned(
    _ name: String, _ signature: Signature = Signature([.int64], returning: .int64),
    _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws -> FunctionHandle {
    let builder = FunctionBuilder(name: name, layout: Self.threadLayout)
    try build(builder)
    var image = try builder.finish()
    image.alignment = 64
    return try define(image, signature: signature)
  }

  /// What is called to be measured: `rdi + 1`.
  func leaf(_ name: String, site: Bool) throws -> FunctionHandle {
    try aligned(name) { f in
      if site { f.entrySite() }
      f.lea(.rax, .base(.rdi, 1))
      f.leave(site: site)
    }
  }

  /// The leaf with a call of a bare `ret` where a site would be: the least that an enabled site can be.
  func leafWithStub(_ name: String) throws -> FunctionHandle {
    try aligned(name) { f in
      let stub = f.label("stub")
      f.call(stub)
      f.lea(.rax, .base(.rdi, 1))
      f.ret()
      f.align(64)
      f.bind(stub)
      f.ret()
    }
  }

  /// A function with a frame that only calls another through its slot: what a gate is without entering and leaving.
  func layer(_ name: String, over callee: FunctionHandle) throws -> FunctionHandle {
    try aligned(name) { f in
      f.prologue(stackCheck: false)
      f.call(callee)
      f.functionReturn()
    }
  }

  /// `n < 2 ? n : fib(n - 1) + fib(n - 2)`
  func fib(_ name: String, site: Bool, stackCheck: Bool) throws -> FunctionHandle {
    try aligned(name) { f in
      let done = f.label("done")
      if site { f.entrySite() }
      f.prologue(saving: [.rbx, .r12], stackCheck: stackCheck)
      f.mov(.rax, .rdi)
      f.cmp(.rdi, 2)
      f.j(.l, done)
      f.mov(.rbx, .rdi)
      f.lea(.rdi, .base(.rbx, -1))
      f.callSelf()
      f.mov(.r12, .rax)
      f.lea(.rdi, .base(.rbx, -2))
      f.callSelf()
      f.add(.rax, .r12)
      f.bind(done)
      f.leave(site: site)
    }
  }

  /// `(count, target, argument)`: does something so many times, with `target` in `r12` and `argument` in `rdi`.
  func loop(
    _ name: String, _ body: (FunctionBuilder) -> Void
  ) throws -> EmittedFunction<Int, Int, UInt, Int> {
    typealias Loop = EmittedFunction<Int, Int, UInt, Int>
    let handle = try aligned(name, Loop.signature(returning: Int.valueClass)) { f in
      let again = f.label("again")
      f.prologue(saving: [.rbx, .r12, .r13, .r14])
      f.mov(.rbx, .rdi)
      f.mov(.r12, .rsi)
      f.mov(.r13, .rdx)
      f.align(64)
      f.bind(again)
      f.mov(.rdi, .r13)
      body(f)
      f.dec(.rbx)
      f.j(.ne, again)
      f.functionReturn()
    }
    return try typed(handle, as: ((Int, UInt, Int) -> Int).self)
  }
}

/// Calls that `fib(n)` makes, itself included.
func fibCalls(_ n: Int) -> Int { n < 2 ? 1 : 1 + fibCalls(n - 1) + fibCalls(n - 2) }

extension FunctionBuilder {
  /// Returns, with an exit site or without one.
  fileprivate func leave(site: Bool) {
    if site {
      functionReturn()
    } else {
      epilogue()
      ret()
    }
  }
}
