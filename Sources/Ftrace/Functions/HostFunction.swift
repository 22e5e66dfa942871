/// Swift closures that emitted code calls.
extension TraceRuntime {
  /// Makes a Swift closure callable by emitted code: `f.call(slot: host.symbol)`, with the C convention.
  ///
  /// The closure may capture. It runs on the thread of the call, inside; wrap what can block in `parked { }`. It lives as long as the
  /// handle, or code that refers to it.
  public func hostFunction<Result: EmittedValue, each Argument: EmittedValue>(
    _ name: String, _ body: @escaping @Sendable (repeat each Argument) -> Result
  ) throws(FtraceError) -> HostHandle {
    try makeHost(
      name, signature: EmittedFunction<Result, repeat each Argument>.signature(returning: Result.valueClass),
      closure: TypedClosure(body))
  }

  /// The same for a closure that returns nothing.
  public func hostFunction<each Argument: EmittedValue>(
    _ name: String, _ body: @escaping @Sendable (repeat each Argument) -> Void
  ) throws(FtraceError) -> HostHandle {
    try makeHost(
      name, signature: EmittedFunction<Void, repeat each Argument>.signature(returning: nil),
      closure: TypedProcedure(body))
  }
}

/// Reads arguments from their cells one after the other.
@safe private struct CellReader {
  var next: UnsafePointer<UInt64>

  mutating func read<Value: EmittedValue>(_: Value.Type) -> Value {
    // Safe: the thunk stores as many cells as the signature has arguments, and each is read once.
    defer { unsafe next += 1 }
    return unsafe Value(registerBits: next.pointee)
  }
}

private final class TypedClosure<Result: EmittedValue, each Argument: EmittedValue>: HostClosure {
  private let body: (repeat each Argument) -> Result
  init(_ body: @escaping (repeat each Argument) -> Result) { self.body = body }

  override func invoke(_ arguments: UnsafePointer<UInt64>, _ result: UnsafeMutablePointer<UInt64>) {
    var cells = unsafe CellReader(next: arguments)
    unsafe result.pointee = body(repeat cells.read((each Argument).self)).registerBits
  }
}

private final class TypedProcedure<each Argument: EmittedValue>: HostClosure {
  private let body: (repeat each Argument) -> Void
  init(_ body: @escaping (repeat each Argument) -> Void) { self.body = body }

  override func invoke(_ arguments: UnsafePointer<UInt64>, _ result: UnsafeMutablePointer<UInt64>) {
    var cells = unsafe CellReader(next: arguments)
    body(repeat cells.read((each Argument).self))
  }
}
