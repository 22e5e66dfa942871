import CFtraceShims
import FtraceEngine
import FtraceTraceBuffer

/// What a trace shows of an address: a name, and the signature if it is that of a function and was declared.
struct CodeSymbol: Sendable {
  var name: String
  var signature: Signature?
}

/// Finds what was at an address: by the time of the event, or by the epoch of its block.
protocol SymbolLookup: Sendable {
  mutating func symbol(at address: UInt, time: UInt64, epoch: UInt32) -> CodeSymbol
}

/// Symbols of the addresses in a trace, each as of the time of its event, from the runtime that was traced.
struct RuntimeSymbols: SymbolLookup {
  private let runtime: TraceRuntime
  private let counter: CounterTimes
  /// The last answer for each address, and the times for which it holds.
  private var known: [UInt: (symbol: CodeSymbol, lifetime: ClosedRange<UInt64>)] = [:]

  init(_ runtime: TraceRuntime, clock: TraceClockKind) {
    self.runtime = runtime
    counter = CounterTimes(clock)
  }

  /// What was at an address at a time: a function, a stub of the runtime, a symbol of the process, or the address itself.
  mutating func symbol(at address: UInt, time: UInt64, epoch: UInt32) -> CodeSymbol {
    let time = counter.counter(at: time)
    if let entry = known[address], entry.lifetime.contains(time) { return entry.symbol }
    let found = runtime.nameAndLifetime(of: address, at: time)
    let symbol =
      found.map { CodeSymbol(name: $0.name.printable, signature: $0.signature) }
      ?? CodeSymbol(name: Self.hostName(of: address))
    known[address] = (symbol, found?.lifetime ?? 0...UInt64.max)
    return symbol
  }

  /// A symbol of the process (dladdr(3)), which knows only what is exported.
  static func hostName(of address: UInt) -> String {
    // Safe: the address is only looked up, and the name is copied at once.
    if let name = unsafe ftrace_host_symbol(address) { return unsafe String(cString: name).printable }
    return "0x" + String(address, radix: 16)
  }
}

/// Times of a buffer's clock as those of the time-stamp counter, by which a runtime keeps its names.
private struct CounterTimes: Sendable {
  private let clock: TraceClockKind
  /// From nanoseconds to the counter: what is called a counter in it are the nanoseconds.
  private let inverse: Calibration

  init(_ clock: TraceClockKind) {
    self.clock = clock
    let samples = [Calibration.origin, Calibration.sample(.tsc)].map {
      Calibration.Sample(counter: $0.nanoseconds, nanoseconds: $0.counter)
    }
    inverse = Calibration(clock: .tsc, samples: samples)
  }

  /// Without times names are those of now.
  func counter(at time: UInt64) -> UInt64 {
    switch clock {
    case .tsc: time
    case .ordinal: .max
    case .monotonic: inverse.nanoseconds(at: time) ?? .max
    // The word is older than the event by less than one of its units, and the time that its helper sleeps.
    case .coarse: inverse.nanoseconds(at: (time + 2) << 20) ?? .max
    }
  }
}

/// Symbols that came with a trace.
struct RecordedSymbols: SymbolLookup {
  private struct Key: Hashable {
    var address: UInt
    var epoch: UInt32
  }

  private let index: CodeNameIndex
  private let base: UInt64
  private var known: [Key: CodeSymbol] = [:]

  init(_ names: CodeNameIndex, base: UInt) {
    index = names
    self.base = UInt64(base)
  }

  mutating func symbol(at address: UInt, time: UInt64, epoch: UInt32) -> CodeSymbol {
    let key = Key(address: address, epoch: epoch)
    if let symbol = known[key] { return symbol }
    let name = index.name(at: UInt64(address) &- base, epoch: epoch)
    let symbol = CodeSymbol(
      name: name?.name.printable ?? "0x" + String(address, radix: 16),
      signature: name.flatMap { Signature(text: $0.signature) })
    known[key] = symbol
    return symbol
  }
}

extension String {
  /// A name fit for one line: whatever a JIT compiler calls its functions, a trace has one event a line.
  fileprivate var printable: String {
    guard unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return self }
    var scalars = String.UnicodeScalarView()
    for scalar in unicodeScalars { scalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar) }
    return String(scalars)
  }
}
