import CFtraceShims

/// The faults installed on one thread, and a record of the calls that it made meanwhile.
///
/// Belongs to its thread: tests with different scripts run in parallel. Calls on other threads are neither touched nor recorded.
package final class FaultScript {
  /// A call as it was asked for, and its answer in the kernel's form (negative: an errno).
  package struct Record: Sendable {
    package let call: SystemCall
    /// In the order of the manual page. Pointers to buffers and paths are recorded as zero.
    package let arguments: SIMD8<Int>
    package let result: Int
    /// True if a fault answered, and the kernel was not asked.
    package let injected: Bool
  }

  /// The first ``capacity`` calls, in order.
  package private(set) var records: [Record] = []
  /// Calls made, recorded or not.
  package private(set) var callCount = 0

  /// Records are kept in memory taken beforehand, so that a call under a script takes no lock of the allocator.
  package static let capacity = 4096

  private let faults: [Fault]
  private var counts: [Int]

  init(_ faults: [Fault]) {
    self.faults = faults
    counts = Array(repeating: 0, count: faults.count)
    records.reserveCapacity(Self.capacity)
  }

  /// How many calls of one kind were recorded.
  package func count(_ call: SystemCall) -> Int { records.count { $0.call == call } }

  /// True if a fault answered at least once.
  package var injectedAny: Bool { records.contains { $0.injected } }

  private func perform(_ call: SystemCall, _ arguments: SIMD8<Int>, _ body: () -> Int) -> Int {
    var answer: Int?
    for index in faults.indices where faults[index].call == call {
      guard faults[index].condition?.holds(arguments) ?? true else { continue }
      counts[index] += 1
      if answer == nil && faults[index].occurrence.includes(counts[index]) { answer = faults[index].result }
    }
    let result = answer ?? body()
    callCount += 1
    if records.count < Self.capacity {
      records.append(Record(call: call, arguments: arguments, result: result, injected: answer != nil))
    }
    return result
  }

  /// Entry from `System.perform`, for a thread that has a script.
  static func perform(_ call: SystemCall, _ arguments: SIMD8<Int>, _ body: () -> Int) -> Int {
    // `withFaults` stored the pointer on this thread and keeps the object alive until it has removed it.
    guard let pointer = unsafe ftrace_fault_script() else { return body() }
    return unsafe Unmanaged<FaultScript>.fromOpaque(pointer).takeUnretainedValue().perform(call, arguments, body)
  }
}

extension System {
  /// Runs `body` with faults scripted for the calling thread. Scripts nest; the innermost alone acts.
  @discardableResult
  package static func withFaults<Result: ~Copyable, Failure: Error>(
    _ faults: [Fault], _ body: (FaultScript) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let script = FaultScript(faults)
    let outer = unsafe ftrace_fault_script()
    // The thread's pointer is set only inside this function, during which `script` is alive.
    unsafe ftrace_set_fault_script(Unmanaged.passUnretained(script).toOpaque())
    defer {
      unsafe ftrace_set_fault_script(outer)
      withExtendedLifetime(script) {}
    }
    return try body(script)
  }

  /// As above, for a body that does not look at the record.
  @discardableResult
  package static func withFaults<Result: ~Copyable, Failure: Error>(
    _ faults: [Fault], _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withFaults(faults) { (_: FaultScript) throws(Failure) -> Result in try body() }
  }
}
