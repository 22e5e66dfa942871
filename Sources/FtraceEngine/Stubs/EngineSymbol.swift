import FtraceX86Assembler

/// What a symbol in emitted code stands for; the kind is the highest byte of its value, so that kinds cannot collide.
enum EngineSymbol: Hashable {
  /// The slot of a function: eight bytes that hold the address of its present body.
  case function(UInt32)
  /// The slot of the function that the code itself is the body of.
  case ownSlot
  /// The slot of a host function's thunk.
  case host(UInt32)
  /// Code at an offset in the arena.
  case code(UInt32)
  /// A word of data, so many bytes from the start of the code.
  case data(Int32)

  private static let kinds: UInt64 = 0xF7_00  // leaves the builder's own symbols alone

  var symbol: Symbol {
    let (kind, value): (UInt64, UInt32) =
      switch self {
      case .function(let id): (1, id)
      case .ownSlot: (2, 0)
      case .host(let id): (3, id)
      case .code(let offset): (4, offset)
      case .data(let offset): (5, UInt32(bitPattern: offset))
      }
    return Symbol(rawValue: (Self.kinds | kind) << 48 | UInt64(value))
  }

  init?(_ symbol: Symbol) {
    let value = UInt32(truncatingIfNeeded: symbol.rawValue)
    switch symbol.rawValue >> 48 {
    case Self.kinds | 1: self = .function(value)
    case Self.kinds | 2: self = .ownSlot
    case Self.kinds | 3: self = .host(value)
    case Self.kinds | 4: self = .code(value)
    case Self.kinds | 5: self = .data(Int32(bitPattern: value))
    default: return nil
    }
  }
}
