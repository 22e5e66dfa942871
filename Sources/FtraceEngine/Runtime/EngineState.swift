import CFtraceShims
import FtraceCodeMemory
import FtracePlatform
import FtraceQuiescence
import FtraceX86Assembler

/// What the program asks for: it differs from what the code says while a commit is under way, and never otherwise.
struct DesiredState {
  /// The on/off switch.
  var enabled: Bool
  /// Newest first.
  var ops: [RegisteredOps] = []

  /// Whether it may trace other calls than another.
  func differs(from other: DesiredState) -> Bool {
    enabled != other.enabled
      || !ops.elementsEqual(other.ops) { $0.ops === $1.ops && $0.filter == $1.filter }
  }
}

/// An ops in its place in a runtime.
@safe struct RegisteredOps {
  let ops: TraceOps
  /// Its number among the ops of this runtime: a bit in a class, a flag in the thread block.
  let number: Int
  var filter: TraceFilter
  let thunk: CodeBlock
  /// Offsets in the arena of the five bytes in the thunk that become a jump, and of where it leads.
  let gate, passedOver: UInt32
  /// Calls that were not delivered because they came from within the callback.
  let recursions: UnsafeMutablePointer<UInt>

  /// Whether nobody waits for the end of its callback, once it leaves.
  var isUnattended = false

  /// Whether its body is in the trampolines themselves: then the thunk is what such a body calls out of line, and nothing in it is patched.
  var isCompiled: Bool { ops.body != nil }

  /// What the five bytes are: a NOP, or a jump past the callback.
  func gateBytes(disarmed: Bool) -> SiteBytes { disarmed ? .jump(from: gate, to: passedOver) : .nop }

  /// Whether it can share `ftrace_caller`: it wants the entries of every function, by a callback, and no registers.
  var isShared: Bool { filter.isUnfiltered && !ops.hasRouteOfItsOwn }
}

/// All of a runtime's state behind its lock.
///
/// Lock order: this lock, then the stop lock, then the registry's lock. Nobody takes this one while stopped.
@safe final class EngineState {
  let configuration: Configuration
  // The tables keep both as well, for longer: the memory goes after the territory, and the slot after the memory.
  let slot: RuntimeSlot
  let arena: CodeArena
  let tables: SiteTables
  let stubs: EngineStubs
  let stubBlock: CodeBlock

  /// What the program asks for, and what the code and the tables say.
  var desired: DesiredState
  var actual: CodeState
  var classes = SiteClasses()
  var trampolines: [TrampolineKey: Trampoline] = [:]
  /// Numbers of compiled ops that went, while some of their code may run.
  var compiledNumbers: Set<Int> = []
  /// Numbers of ops whose bodies ask for the kind of function, as bits, and those kinds.
  var variantMembers: UInt32 = 0
  var variants = SiteVariants()
  /// Bodies that sites run for good, after a kill.
  var keptBodies: [any TraceBody] = []
  /// Thunks that pass calls over, by their code as it is: those of ops that went, and all while tracing is off.
  var disarmed: Set<UInt32> = []
  /// How many trampolines name a thunk, those that are not reclaimed yet included; and thunks that only wait for these.
  var namings: [UInt32: Int] = [:]
  var leavingThunks: [UInt32: (block: CodeBlock, release: () -> Void)] = [:]

  var functions: [EntityNumber: FunctionEntity] = [:]
  var functionsByName: [String: FunctionEntity] = [:]
  var hosts: [EntityNumber: HostEntity] = [:]
  /// Bodies by their block's tag.
  var bodies: [UInt32: FunctionBody] = [:]
  var bodiesByIdentity: [ObjectIdentifier: FunctionBody] = [:]
  var adaptors: [Signature: CodeBlock] = [:]
  /// Stubs that hosts have installed, with their names.
  var hostCode: [(block: CodeBlock, name: String)] = []
  /// The highest number that a name was made unique with.
  var namesakes: [String: Int] = [:]
  /// Slots of the stubs that emitted code reaches through a slot.
  var stubSlots: [Symbol: UnsafeMutablePointer<UInt>] = unsafe [:]
  /// Bodies that are no longer anyone's, whose sites are dropped in the next stop.
  var unlinked: [FunctionBody] = []
  /// Memory that is kept for the code that is needed when an ops leaves, and whether one is leaving.
  var reserve: CodeBlock?
  var maySpendReserve = false
  /// Whether the last stop looked everywhere for references to what is retired, and nobody has acted on it yet.
  var scanIsWhole = false
  /// How much may be retired before a stop is made for it.
  var reclaimAt = (blocks: EngineState.retiredLimit, bytes: EngineState.retiredBytesLimit)
  /// What is freed when a retired block is reclaimed.
  var onReclaim: [UInt32: () -> Void] = [:]
  /// What is let go of once the lock is free: its end may run code of the program, which may use the runtime.
  var garbage: [AnyObject] = []
  /// Whether the next commit looks at every site, although no target changed: sites came back from quarantine.
  var mustLookAtAll = false
  var quarantine: [UInt32: QuarantinedSite] = [:]
  /// Ops that are unreachable, while their callback may still be on a stack.
  var leaving: [RegisteredOps] = []
  /// Ops whose removal is tried with each commit and in each turn of the daemon.
  var retiring: [RetireRequest] = []
  /// What the program should be told, oldest first.
  var warnings: [String] = []
  var observer: StopObserver?
  var codeObservers = CodeObservers()
  /// Starts the daemon's thread, once; nil when it runs or is not wanted.
  var startDaemon: (() -> Void)?
  var names = NameHistory()
  /// The code as a child of a fork will have it, while a fork is under way.
  var forkImage: CodeArena.ForkImage?
  /// Whether a thread may have been in the recorder when the process was forked.
  var mayHaveOpenClaims = false
  /// Whether the recorder was on when a fork switched it off.
  var recordsAfterFork: UInt32 = 0

  var nextGeneration: UInt32 = 1
  var nextTag: UInt32 = 1
  /// Offset of the end of the highest block ever used: code above it was never executed.
  var highWater: UInt32 = 0
  var killedReason: String?
  var statistics = EngineStatistics()
  /// What the last stop of this runtime did.
  var lastStop: StopReport?
  var stopStatistics = StopStatistics()
  var daemonDue: Duration
  var daemonNow: Duration = .zero
  #if FTRACE_DELAYS
    var sabotage: Sabotage?
  #endif

  /// What can fail to be made. All of it first: the state is then set in one piece or not at all.
  private struct Parts {
    let slot: RuntimeSlot
    let arena: CodeArena
    let tables: SiteTables
    let stubs: EngineStubs
    let stubBlock: CodeBlock

    init(_ configuration: Configuration) throws(FtraceError) {
      let (slot, arena): (RuntimeSlot, CodeArena)
      do throws(QuiesceError) {
        Quiescence.prepare()
        try Quiescence.checkSettings()
        slot = try RuntimeSlot()
      } catch { throw .quiescence(error) }
      do throws(CodeMemoryError) {
        arena = try CodeArena(
          CodeArena.Options(reservation: configuration.reservation, mapping: configuration.mapping))
      } catch { throw .memory(error) }
      let tables: SiteTables
      do throws(SystemError) {
        tables = try SiteTables(
          slot: slot, arena: arena, limits: configuration.limits, classLimit: SiteClasses.numbers)
      } catch { throw .system(error) }
      let assembled: (AssembledCode, EngineStubs)
      // Safe: the recorder is allocated for as long as the tables, which outlive the code.
      let recorder = unsafe UInt(bitPattern: tables.recorder)
      do throws(AssemblerError) {
        assembled = try EngineStubs.assemble(recorder: recorder)
      } catch { throw .assembly(error) }
      stubBlock = try EngineState.place(assembled.0.bytes, alignment: assembled.0.alignment, in: arena)
      stubs = assembled.1.placed(at: stubBlock.offset)
      tables.mark(stubBlock, isEngineCode: true)
      (self.slot, self.arena, self.tables) = (slot, arena, tables)
    }
  }

  /// Makes the state of a runtime, with tracing off.
  convenience init(_ configuration: Configuration) throws(FtraceError) {
    self.init(try Parts(configuration), configuration)
    for (symbol, offset) in [(Symbol.pollSlow, stubs.pollSlow), (.stackCheckSlow, stubs.stackCheckSlow)] {
      let slot = try unsafe allocateSlot()
      unsafe slot.pointee = executable(offset)
      unsafe stubSlots[symbol] = unsafe slot
    }
    restoreReserve()
  }

  private init(_ parts: Parts, _ configuration: Configuration) {
    (slot, arena, tables) = (parts.slot, parts.arena, parts.tables)
    (stubs, stubBlock) = (parts.stubs, parts.stubBlock)
    self.configuration = configuration
    daemonDue = configuration.daemonPeriod
    desired = DesiredState(enabled: false)
    actual = CodeState(
      mcountTarget: parts.stubs.stub, callerTarget: parts.stubs.stub, classTargets: [.nop],
      exitTargets: [.nop])
    highWater = parts.stubBlock.offset + parts.stubBlock.size
    unsafe tables.recorder.pointee.class_target[0] = UInt64(executable(stubs.stub))
  }

  // MARK: - Addresses

  /// The executable address of an offset in the arena.
  func executable(_ offset: UInt32) -> UInt { arena.codeAddresses.lowerBound + UInt(offset) }

  /// The offset of an address in the arena, nil if it lies elsewhere.
  func offset(of address: UInt) -> UInt32? {
    arena.offset(ofCodeAt: address)
  }

  /// The bytes of the instruction of a target at a site.
  func bytes(of target: SiteTarget, at site: UInt32) -> SiteBytes {
    switch target {
    case .mcount: .call(from: site, to: stubs.mcount)
    case .nop: .nop
    case .call(let offset): .call(from: site, to: offset)
    }
  }

  /// What is in memory at a site now.
  func currentBytes(at site: UInt32) -> SiteBytes {
    // Safe: sites lie in live blocks of the arena, which is readable.
    unsafe SiteBytes(reading: UnsafeRawPointer(bitPattern: executable(site)).unsafelyUnwrapped)
  }

  // MARK: - Memory

  /// Copies bytes to a new block. Nothing refers to it yet.
  static func place(_ bytes: [UInt8], alignment: Int, in arena: CodeArena) throws(FtraceError) -> CodeBlock {
    do throws(CodeMemoryError) {
      let block = try arena.allocate(bytes: bytes.count, alignment: alignment)
      arena.write(bytes.span, to: block)
      try arena.seal(block)
      return block
    } catch { throw .memory(error) }
  }

  func allocateSlot() throws(FtraceError) -> UnsafeMutablePointer<UInt> {
    do throws(CodeMemoryError) {
      return unsafe try arena.allocateSlot()
    } catch { throw .memory(error) }
  }

  private func allocate(bytes: Int, alignment: Int, isEngineCode: Bool) throws(FtraceError) -> CodeBlock {
    do throws(CodeMemoryError) { return try arena.allocate(bytes: bytes, alignment: alignment) } catch {
      guard isEngineCode, spendReserve() else { throw .memory(error) }
    }
    do throws(CodeMemoryError) { return try arena.allocate(bytes: bytes, alignment: alignment) } catch {
      throw .memory(error)
    }
  }

  /// Installs assembled code of the engine's own, and resolves its symbols.
  func install(_ code: AssembledCode) throws(FtraceError) -> CodeBlock {
    try unsafe install(
      name: "", bytes: code.bytes, relocations: code.relocations, alignment: code.alignment, ownSlot: nil,
      isEngineCode: true)
  }

  /// Places code whose symbols are resolved to where it lies. On an error the memory is given back.
  func install(
    name: String, bytes: [UInt8], relocations: [Relocation], alignment: Int, ownSlot: UnsafeMutablePointer<UInt>?,
    isEngineCode: Bool = false, amend: (inout [UInt8], UInt32) throws(FtraceError) -> Void = { _, _ in }
  ) throws(FtraceError) -> CodeBlock {
    let block = try allocate(bytes: bytes.count, alignment: max(16, alignment), isEngineCode: isEngineCode)
    do throws(FtraceError) {
      var bytes = bytes
      try unsafe resolve(relocations, name: name, in: &bytes, at: block.offset, ownSlot: ownSlot)
      try amend(&bytes, block.offset)
      arena.write(bytes.span, to: block)
      do throws(CodeMemoryError) { try arena.seal(block) } catch { throw .memory(error) }
    } catch {
      arena.discard(block)
      throw error
    }
    tables.mark(block, isEngineCode: isEngineCode)
    // Memory that held code before may still be in a core's instruction stream.
    if block.offset < highWater {
      do throws(QuiesceError) {
        try Quiescence.serialiseCores(deadline: configuration.stopDeadline, grace: configuration.stopGrace)
      } catch {
        retire(block)  // nobody knows its address
        throw .quiescence(error)
      }
    }
    highWater = max(highWater, block.offset + block.size)
    return block
  }

  private func resolve(
    _ relocations: [Relocation], name: String, in bytes: inout [UInt8], at offset: UInt32,
    ownSlot: UnsafeMutablePointer<UInt>?
  ) throws(FtraceError) {
    for relocation in relocations {
      let size = relocation.kind == .absolute64 ? 8 : 4
      guard relocation.offset >= 0, relocation.offset <= bytes.count - size else {
        throw .invalidImage(name, reason: .relocationOutOfRange(offset: relocation.offset))
      }
      guard let address = unsafe address(of: relocation.symbol, ownSlot: ownSlot) else {
        throw .invalidImage(name, reason: .unresolvedSymbol(relocation.symbol.rawValue))
      }
      let value: UInt64
      switch relocation.kind {
      case .absolute64:
        value = UInt64(address) &+ UInt64(bitPattern: Int64(relocation.addend))
      case .pcRelative32:
        let from = executable(offset) + UInt(relocation.offset)
        do throws(CodeMemoryError) {
          let target = address &+ UInt(bitPattern: Int(relocation.addend))
          value = UInt64(UInt32(bitPattern: try CodeArena.rel32(from: from, to: target)))
        } catch { throw .memory(error) }
      }
      for index in 0..<size { bytes[relocation.offset + index] = UInt8(truncatingIfNeeded: value >> (index * 8)) }
    }
  }

  /// The address that a symbol stands for, nil if it is not this runtime's.
  private func address(of symbol: Symbol, ownSlot: UnsafeMutablePointer<UInt>?) -> UInt? {
    if symbol == .mcount { return executable(stubs.mcount) }
    if let slot = unsafe stubSlots[symbol] { return UInt(bitPattern: slot) }
    switch EngineSymbol(symbol) {
    case .function(let id):
      guard let function = functions[id], function.state != .freed else { return nil }
      return unsafe UInt(bitPattern: function.slot)
    case .ownSlot: return unsafe ownSlot.map { UInt(bitPattern: $0) }
    case .host(let id): return hosts[id].map { unsafe UInt(bitPattern: $0.slot) }
    case .code(let offset): return executable(offset)
    case .data(let offset): return executable(0) &+ UInt(bitPattern: Int(offset))
    case nil: return nil
    }
  }
}
