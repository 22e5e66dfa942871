import CFtraceShims
import CFtraceWasm
import FtraceEngine
import FtraceQuiescence
import FtraceX86Assembler
import Synchronization

/// A module whose functions are compiled when they are first called. Any number of instances share the code, on any threads.
package final class CompiledModule: Sendable {
  package let module: WasmModule
  private let facts: [FunctionFacts]
  /// By function index, imports too: all different within the module.
  package let names: [String]
  package let runtime: TraceRuntime
  let layout: ModuleLayout
  let stubs: WasmStubs
  /// A word for each function of the module: the address of its code, or of what compiles it.
  let words: HostWords
  private let compiled: Mutex<Compiled>

  private struct Compiled {
    /// By the number of the word; nil: not yet.
    var functions: [FunctionHandle?]
  }

  /// Prepares a module that was validated. Nothing is compiled yet, unless `eagerly`.
  package init(
    _ validated: ValidatedModule, engine: WasmEngine, names: [String]? = nil, eagerly: Bool = false
  ) throws(FtraceError) {
    let module = validated.module
    facts = validated.facts
    self.module = module
    self.names = names ?? module.functionNames()
    runtime = engine.runtime
    stubs = engine.stubs
    layout = ModuleLayout(module)
    words = try runtime.allocateWords(module.bodies.count)
    compiled = Mutex(Compiled(functions: Array(repeating: nil, count: module.bodies.count)))
    try installLazyStubs()
    if eagerly { try compileAll() }
  }

  deinit {
    let functions = compiled.withLock { $0.functions.compactMap { $0 } }
    // What cannot be freed now, because a worker is late, stays with the runtime.
    _ = try? runtime.free(functions, force: true)
  }

  /// Compiles every function that is not yet.
  package func compileAll() throws(FtraceError) {
    for index in module.bodies.indices { _ = try address(of: index) }
  }

  /// The code of a function of the module, which is not installed yet.
  private func image(of index: Int) throws(FtraceError) -> FunctionImage {
    let body = module.bodies[index]
    let function = index + layout.importedFunctions
    do throws(AssemblerError) {
      return try FunctionCompiler(
        layout: layout, stubs: stubs, words: words, bytes: module.bytes, body: body, localRuns: module.localRuns,
        facts: facts[index], type: module.functions[function].type, name: names[function]
      ).compile()
    } catch { throw .assembly(error) }
  }

  /// The address of a function's code, which is compiled if it was not.
  func address(of index: Int) throws(FtraceError) -> UInt {
    let result: Result<UInt, FtraceError> = compiled.withLock { compiled in
      do throws(FtraceError) {
        if compiled.functions[index] == nil {
          let image = try image(of: index)
          let signature = module.types[module.functions[index + layout.importedFunctions].type].signature
          compiled.functions[index] = unsafe try runtime.define(
            image, signature: signature, calledThrough: words.base + index)
        }
        return .success(unsafe words.base[index])
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  /// What each word points to at first: a call that says by its return address which function it is.
  private func installLazyStubs() throws(FtraceError) {
    typealias Compile = @convention(c) (UnsafeRawPointer, UInt) -> UInt
    let compile: Compile = { module, index in
      parked {
        // Safe: the instance whose function was called keeps its module.
        unsafe Unmanaged<CompiledModule>.fromOpaque(module)._withUnsafeGuaranteedRef { module in
          (try? module.address(of: Int(index))) ?? 0
        }
      }
    }
    let own = unsafe UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque())
    let target = unsafe unsafeBitCast(compile, to: UInt.self)
    let count = module.bodies.count
    let stubs = stubs
    let code = try runtime.installHostCode("wasm_compile") { gate in
      gate.code.lazyEntries(
        count, module: own, compile: target, failed: stubs.traps[Int(FTRACE_WASM_TRAP_HOST.rawValue)])
    }
    for index in 0..<count { unsafe words.base[index] = code.address + UInt(index * Assembler.lazyEntryBytes) }
  }
}

extension Assembler {
  static var lazyEntryBytes: Int { 8 }

  /// An entry for each function, and behind them what they call: it compiles the function, and goes on there. Arguments are kept, and `rax`.
  fileprivate func lazyEntries(_ count: Int, module: UInt, compile: UInt, failed: Symbol) {
    let general: [Reg64] = [.rax, .rcx, .rdx, .rsi, .rdi, .r8, .r9, .r10]
    let (start, stub, failure) = (here(), label(), label())
    for _ in 0..<count {
      call(stub)
      nop(Self.lazyEntryBytes - 5)
    }
    bind(stub)
    pop(.r11)
    push(.rbp)
    mov(.rbp, .rsp)
    for register in general { push(register) }
    sub(.rsp, 128)  // a multiple of 16, as in a function
    for number in 0..<8 { movups(.base(.rsp, Int32(number) * 16), XMM(number: UInt8(number))) }
    lea(.rsi, .rip(start))
    sub(.r11, .rsi)
    mov(.rsi, .r11)
    shr(.rsi, 3)
    mov(.rdi, Int64(bitPattern: UInt64(module)))
    mov(.rax, Int64(bitPattern: UInt64(compile)))
    call(.rax)
    test(.rax, .rax)
    j(.e, failure)
    mov(.r11, .rax)
    for number in 0..<8 { movups(XMM(number: UInt8(number)), .base(.rsp, Int32(number) * 16)) }
    add(.rsp, 128)
    for register in general.reversed() { pop(register) }
    pop(.rbp)
    jmp(.r11)
    // As if the caller had trapped.
    bind(failure)
    leave()
    jmp(failed)
  }
}
