import FtraceCodeMemory
import FtracePlatform
import FtraceQuiescence
import FtraceX86Assembler

/// What the runtime's operations fail with. Each leaves the state as it was, unless it says otherwise.
public enum FtraceError: Error, Sendable {
  /// A member of a configuration is out of its range.
  case invalidConfiguration(member: String, range: String)
  /// A name is taken; `redefine` gives it a new body.
  case nameTaken(String)
  /// No function has that name; `nearest` holds the most similar ones.
  case unknownFunction(String, nearest: [String])
  /// The function was freed.
  case functionFreed(String)
  /// The function was declared, and has no body yet.
  case functionUndefined(String)
  /// The function is called by emitted code, so it is not freed unless forced.
  case stillCalled(String, callers: [String])
  /// The function is one of another runtime.
  case foreignFunction(String)
  /// A new body, or a caller, states another signature than the function has.
  case signatureMismatch(String, expected: String, found: String)
  /// An imported or built image cannot be installed.
  case invalidImage(String, reason: ImageProblem)
  /// The tracer that calls a function of the program was given none.
  case noCallback(String)
  /// The ops is registered already.
  case alreadyRegistered(String)
  /// The ops is not registered.
  case notRegistered(String)
  /// A runtime has room for so many ops.
  case tooManyOps(limit: Int)
  /// The filters of the registered ops divide the functions into more classes than there are numbers for.
  case tooManySiteClasses(limit: Int)
  /// Tracing was killed, by `kill()` or because the engine found its own code damaged. It does not come back.
  case killed(reason: String)
  /// Something is pending, but converting it is not allowed at present.
  case busy
  /// The engine's own code is not what it wrote. Nothing was changed, and tracing has been killed.
  case engineCodeDamaged(address: UInt, expected: [UInt8], found: [UInt8])
  /// A stop was not possible.
  case quiescence(QuiesceError)
  /// Executable memory was not to be had.
  case memory(CodeMemoryError)
  /// The code could not be assembled.
  case assembly(AssemblerError)
  /// The kernel refused something.
  case system(SystemError)
  /// An address, or a site, that is not the runtime's.
  case unknownSite(address: UInt)
}

/// Why an image is refused.
public enum ImageProblem: Hashable, Sendable, CustomStringConvertible {
  case empty
  case tooLarge(bytes: Int)
  /// A power of two up to 4096.
  case alignment(Int)
  /// A site must lie in one aligned word of eight bytes: offset modulo 8 at most 3.
  case siteCrossesWord(offset: Int)
  /// An entry site begins at a multiple of 16, an exit site at no multiple of 16: the address tells them apart.
  case sitePlace(offset: Int, kind: SiteKind)
  case siteOutOfRange(offset: Int)
  case sitesOverlap(offset: Int)
  /// The five bytes of a site must be a NOP of five bytes or a near call.
  case siteBytes(offset: Int, found: [UInt8])
  case unresolvedSymbol(UInt64)
  case relocationOutOfRange(offset: Int)

  public var description: String {
    switch self {
    case .empty: "it has no bytes"
    case .tooLarge(let bytes): "\(bytes) bytes are more than a function may have"
    case .alignment(let alignment): "its alignment of \(alignment) is not a power of two up to 4096"
    case .siteCrossesWord(let offset):
      "the site at offset \(offset) crosses an aligned word of eight bytes: place it at an offset that is 0 to 3 modulo 8"
    case .sitePlace(let offset, .entry):
      "the entry site at offset \(offset) is not at a multiple of 16: align the function's entry"
    case .sitePlace(let offset, .exit):
      "the exit site at offset \(offset) is at a multiple of 16: place it at an offset that is 1 to 3 or 8 to 11 modulo 16"
    case .siteOutOfRange(let offset): "the site at offset \(offset) does not fit into the code"
    case .sitesOverlap(let offset): "the site at offset \(offset) overlaps another"
    case .siteBytes(let offset, let found):
      "the site at offset \(offset) holds \(found.hex): leave a NOP of five bytes (0f 1f 44 00 00) or a call there"
    case .unresolvedSymbol(let symbol): Self.unresolved(Symbol(rawValue: symbol))
    case .relocationOutOfRange(let offset): "the relocation at offset \(offset) does not fit into the code"
    }
  }
}

extension ImageProblem {
  private static func unresolved(_ symbol: Symbol) -> String {
    switch EngineSymbol(symbol) {
    case .function:
      "it refers to a function that this runtime does not have: one that was freed, or one of another runtime"
    case .host:
      "it refers to a host function that this runtime does not have: one that was let go, or one of another runtime"
    case .ownSlot, .code, .data, nil: "symbol \(symbol.rawValue) is not one of this runtime"
    }
  }
}

extension FtraceError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .invalidConfiguration(let member, let range): "the configuration's \(member) is out of range: make it \(range)"
    case .nameTaken(let name): "a function named '\(name)' exists: use redefine(_:), or another name"
    case .unknownFunction(let name, let nearest):
      "no function named '\(name)'" + (nearest.isEmpty ? "" : "; did you mean \(nearest.joined(separator: ", "))?")
    case .functionFreed(let name): "'\(name)' has been freed: define it again"
    case .functionUndefined(let name): "'\(name)' has no body yet: define it"
    case .stillCalled(let name, let callers):
      "'\(name)' is called by \(callers.joined(separator: ", ")): redefine or free those first, or force it"
    case .foreignFunction(let name): "'\(name)' is a function of another runtime: ask the one that it was defined in"
    case .signatureMismatch(let name, let expected, let found):
      "'\(name)' has the signature \(expected), not \(found)"
    case .invalidImage(let name, let reason): "'\(name)' cannot be installed: \(reason)"
    case .noCallback(let name): "the tracer '\(name)' has nothing to call: set TracerOptions.callback"
    case .alreadyRegistered(let name): "the ops '\(name)' is registered: unregister it first"
    case .notRegistered(let name): "the ops '\(name)' is not registered"
    case .tooManyOps(let limit): "\(limit) ops are registered, and no more fit: unregister one"
    case .tooManySiteClasses(let limit):
      "the filters make more than \(limit) classes of functions: unregister an ops, or let filters want the same functions"
    case .killed(let reason): "tracing was killed (\(reason)): make a new runtime"
    case .busy: "sites are pending, but conversion is not allowed while tracing is off: switch it on first"
    case .engineCodeDamaged(let address, let expected, let found):
      "the engine's code at 0x\(String(address, radix: 16)) was overwritten: expected \(expected.hex), found \(found.hex); "
        + "tracing has been killed"
    case .quiescence(let error): error.description
    case .memory(let error): error.description
    case .assembly(let error): error.description
    case .system(let error): error.description
    case .unknownSite(let address): "there is no site at 0x\(String(address, radix: 16))"
    }
  }
}

extension [UInt8] {
  /// The bytes as two hexadecimal digits each, with a space between.
  package var hex: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
  }
}
