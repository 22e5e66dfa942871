/// A typed, callable function of a runtime: `let sum = try runtime.define("sum", as: ((Int, Int) -> Int).self) { … }; sum(1, 2)`.
///
/// Each call enters and leaves by itself, on any thread, and allocates nothing. It stays valid through renaming and redefinition;
/// after `free` a call traps with the function's name.
public struct EmittedFunction<Result, each Argument: EmittedValue>: Sendable {
  /// The function, for redefining, freeing, and for C.
  public let handle: FunctionHandle
  // Addresses of the adaptor of the signature, which lives as long as the runtime, and of the function's slot, which lives as long as
  // the handle.
  @usableFromInline let adaptor: UInt
  @usableFromInline let slot: UInt

  init(_ handle: FunctionHandle, adaptor: UInt) {
    self.handle = handle
    self.adaptor = adaptor
    slot = handle.slotAddress
  }

  /// The present name.
  public var name: String { handle.name }

  /// The symbol by which emitted code calls it: `f.call(slot: function.symbol)`.
  public var symbol: Symbol { handle.symbol }

  /// The signature of these types.
  public static func signature(returning result: ValueClass?) -> Signature {
    var arguments: [ValueClass] = []
    for type in repeat (each Argument).self { arguments.append(type.valueClass) }
    return Signature(arguments, returning: result)
  }

  @usableFromInline typealias Adaptor =
    @convention(c) (UInt, UnsafePointer<UInt64>, UnsafeMutablePointer<UInt64>) -> Void

  /// Calls, and returns what the register of the result holds.
  @inlinable @inline(__always)
  func callBits(_ argument: repeat each Argument) -> UInt64 {
    var count = 0
    for type in repeat (each Argument).self {
      _ = type
      count += 1
    }
    // Safe: the adaptor was made for this signature: it reads as many cells as there are arguments and writes one. The handle keeps
    // slot, adaptor and memory.
    return unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: count + 1) { cells in
      let base = unsafe cells.baseAddress.unsafelyUnwrapped
      var index = 0
      for value in repeat each argument {
        unsafe (base + index).initialize(to: value.registerBits)
        index += 1
      }
      unsafe (base + count).initialize(to: 0)
      withExtendedLifetime(handle) {
        unsafe unsafeBitCast(adaptor, to: Adaptor.self)(slot, UnsafePointer(base), base + count)
      }
      return unsafe base[count]
    }
  }
}

extension EmittedFunction where Result: EmittedValue {
  /// Calls the function.
  @inlinable
  public func callAsFunction(_ argument: repeat each Argument) -> Result {
    Result(registerBits: callBits(repeat each argument))
  }
}

extension EmittedFunction where Result == Void {
  /// Calls the function.
  @inlinable
  public func callAsFunction(_ argument: repeat each Argument) {
    _ = callBits(repeat each argument)
  }
}

/// Typed definitions.
extension TraceRuntime {
  /// Defines a function of a stated type: `try runtime.define("sum", as: ((Int, Int) -> Int).self) { f in … }`.
  ///
  /// The builder finds the arguments where the C convention puts them: `rdi`, `rsi`, `rdx`, `rcx`, `r8`, `r9`, `xmm0` to `xmm7`, then the
  /// stack; it leaves the result in `rax` or `xmm0`.
  /// - Throws: as the untyped `define`.
  public func define<Result: EmittedValue, each Argument: EmittedValue>(
    _ name: String, as type: ((repeat each Argument) -> Result).Type,
    _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws(FtraceError) -> EmittedFunction<Result, repeat each Argument> {
    let signature = EmittedFunction<Result, repeat each Argument>.signature(returning: Result.valueClass)
    // The adaptor first: if there is no memory for it, nothing is defined.
    let adaptor = try adaptor(for: signature)
    return EmittedFunction(try define(name, signature: signature, build), adaptor: adaptor)
  }

  /// Defines a function that returns nothing.
  public func define<each Argument: EmittedValue>(
    _ name: String, as type: ((repeat each Argument) -> Void).Type,
    _ build: (FunctionBuilder) throws(AssemblerError) -> Void
  ) throws(FtraceError) -> EmittedFunction<Void, repeat each Argument> {
    let signature = EmittedFunction<Void, repeat each Argument>.signature(returning: nil)
    // The adaptor first: if there is no memory for it, nothing is defined.
    let adaptor = try adaptor(for: signature)
    return EmittedFunction(try define(name, signature: signature, build), adaptor: adaptor)
  }

  /// A typed view of a function that was defined by other means.
  ///
  /// A declared function without a signature has this one from here on: a definition with another one is refused.
  /// - Throws: `.signatureMismatch` if the function states another signature, `.foreignFunction` if it is one of another runtime.
  public func typed<Result: EmittedValue, each Argument: EmittedValue>(
    _ handle: FunctionHandle, as type: ((repeat each Argument) -> Result).Type
  ) throws(FtraceError) -> EmittedFunction<Result, repeat each Argument> {
    let signature = EmittedFunction<Result, repeat each Argument>.signature(returning: Result.valueClass)
    try check(handle, signature)
    return EmittedFunction(handle, adaptor: try adaptor(for: signature))
  }

  /// A typed view of a function that returns nothing.
  public func typed<each Argument: EmittedValue>(
    _ handle: FunctionHandle, as type: ((repeat each Argument) -> Void).Type
  ) throws(FtraceError) -> EmittedFunction<Void, repeat each Argument> {
    let signature = EmittedFunction<Void, repeat each Argument>.signature(returning: nil)
    try check(handle, signature)
    return EmittedFunction(handle, adaptor: try adaptor(for: signature))
  }

  private func check(_ handle: FunctionHandle, _ signature: Signature) throws(FtraceError) {
    try check(handle)
    try handle.expect(signature)
  }
}
