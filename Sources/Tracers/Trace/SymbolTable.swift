import CFtraceShims
import FtraceEngine

/// Names of the addresses in a trace, each as of the time of its event.
struct SymbolTable {
  private let runtime: TraceRuntime
  /// The last answer for each address, and the times for which it holds.
  private var known: [UInt: (name: String, lifetime: ClosedRange<UInt64>)] = [:]

  init(_ runtime: TraceRuntime) { self.runtime = runtime }

  /// The name of what was at an address at a time: a function, a stub of the runtime, a symbol of the process, or the address itself.
  mutating func name(of address: UInt, at time: UInt64) -> String {
    if let entry = known[address], entry.lifetime.contains(time) { return entry.name }
    let entry =
      runtime.nameAndLifetime(of: address, at: time).map { (Self.printable($0.name), $0.lifetime) }
      ?? (Self.hostName(of: address), 0...UInt64.max)
    known[address] = entry
    return entry.0
  }

  /// A symbol of the process (dladdr(3)), which knows only what is exported.
  private static func hostName(of address: UInt) -> String {
    // Safe: the address is only looked up, and the name is copied at once.
    if let name = unsafe ftrace_host_symbol(address) { return unsafe printable(String(cString: name)) }
    return "0x" + String(address, radix: 16)
  }

  /// A name fit for one line: whatever a JIT compiler calls its functions, a trace has one event a line.
  private static func printable(_ name: String) -> String {
    guard name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else { return name }
    var scalars = String.UnicodeScalarView()
    for scalar in name.unicodeScalars { scalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? "?" : scalar) }
    return String(scalars)
  }
}
