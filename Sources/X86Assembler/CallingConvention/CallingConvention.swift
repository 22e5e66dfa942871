/// How a value is passed between functions.
public enum ValueClass: Hashable, Sendable {
  /// A signed or unsigned integer.
  case integer(OperandWidth, signed: Bool)
  case float
  case double
  /// An address: passed as an unsigned integer of 64 bits.
  case pointer
  /// 0 or 1 in the lowest byte: passed as an unsigned integer of 8 bits.
  case boolean

  /// A 32-bit signed integer.
  public static let int32 = ValueClass.integer(.dword, signed: true)
  /// A 64-bit signed integer.
  public static let int64 = ValueClass.integer(.qword, signed: true)

  /// The class without what only readers care for: two values with the same one are passed alike, and can stand for each other.
  public var passing: ValueClass {
    switch self {
    case .pointer: .integer(.qword, signed: false)
    case .boolean: .integer(.byte, signed: false)
    case .integer, .float, .double: self
    }
  }
}

extension ValueClass: CustomStringConvertible {
  /// All classes there are.
  public static let all: [ValueClass] = [
    .integer(.byte, signed: true), .integer(.word, signed: true), .integer(.dword, signed: true),
    .integer(.qword, signed: true), .integer(.byte, signed: false), .integer(.word, signed: false),
    .integer(.dword, signed: false), .integer(.qword, signed: false), .float, .double, .pointer, .boolean,
  ]

  /// The name of the type in Swift; `Pointer` for any address.
  public var description: String {
    switch self {
    case .integer(let width, let signed): (signed ? "Int" : "UInt") + "\(width.bytes * 8)"
    case .float: "Float"
    case .double: "Double"
    case .pointer: "Pointer"
    case .boolean: "Bool"
    }
  }
}

/// Where a value is passed.
public enum ArgumentLocation: Hashable, Sendable {
  case integerRegister(Reg64)
  case vectorRegister(XMM)
  /// In 8 bytes of the stack, so many bytes above the first stack argument, which the caller has at `[rsp]` when it calls.
  case stack(offset: Int)
}

/// A calling convention: where arguments and results are, and what a call preserves.
public struct CallingConvention: Hashable, Sendable {
  public let integerArguments: [Reg64]
  public let vectorArguments: [XMM]
  public let integerResults: [Reg64]
  public let vectorResults: [XMM]
  /// What a callee leaves as it was, beside `rsp`.
  public let calleeSaved: [Reg64]

  /// System V for x86-64 (psABI, section 3.2), for scalar values.
  public static let sysV = CallingConvention(
    integerArguments: [.rdi, .rsi, .rdx, .rcx, .r8, .r9], vectorArguments: (0..<8).map { XMM(number: $0) },
    integerResults: [.rax, .rdx], vectorResults: [.xmm0, .xmm1], calleeSaved: [.rbx, .rbp, .r12, .r13, .r14, .r15])

  /// Swift's own convention, for scalar values: as System V, with two more results of each kind.
  public static let swift = CallingConvention(
    integerArguments: sysV.integerArguments, vectorArguments: sysV.vectorArguments,
    integerResults: [.rax, .rdx, .rcx, .r8], vectorResults: [.xmm0, .xmm1, .xmm2, .xmm3],
    calleeSaved: sysV.calleeSaved)

  /// The locations of any number of arguments, in their order.
  public func locations(of arguments: [ValueClass]) -> [ArgumentLocation] {
    var integers = integerArguments[...]
    var vectors = vectorArguments[...]
    var stack = 0
    return arguments.map { argument in
      switch argument.passing {
      case .integer, .pointer, .boolean:
        if let register = integers.popFirst() { return .integerRegister(register) }
      case .float, .double:
        if let register = vectors.popFirst() { return .vectorRegister(register) }
      }
      defer { stack += 8 }
      return .stack(offset: stack)
    }
  }

  /// The bytes of stack that arguments take, before the caller rounds them up to keep `rsp` a multiple of 16.
  public func stackBytes(of arguments: [ValueClass]) -> Int {
    locations(of: arguments).reduce(0) { bytes, location in
      if case .stack(let offset) = location { offset + 8 } else { bytes }
    }
  }

  /// The locations of results, in their order; nil if there are more than registers for them, in which case the caller passes
  /// the address of memory for them as the first argument.
  public func resultLocations(of results: [ValueClass]) -> [ArgumentLocation]? {
    var integers = integerResults[...]
    var vectors = vectorResults[...]
    var locations: [ArgumentLocation] = []
    for result in results {
      switch result.passing {
      case .integer, .pointer, .boolean:
        guard let register = integers.popFirst() else { return nil }
        locations.append(.integerRegister(register))
      case .float, .double:
        guard let register = vectors.popFirst() else { return nil }
        locations.append(.vectorRegister(register))
      }
    }
    return locations
  }
}
