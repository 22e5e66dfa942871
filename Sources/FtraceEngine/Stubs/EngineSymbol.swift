import FtraceX86Assembler

/// What a symbol in emitted code stands for; the kind is the highest byte of its value, so that kinds cannot collide.
enum EngineSymbol: Hashable {
  /// The slot of a function: eight bytes that hold the address of its present body.
  case function(EntityNumber)
  /// The slot of the function that the code itself is the body of.
  case ownSlot
  /// The slot of a host function's thunk.
  case host(EntityNumber)
  /// Code at an offset in the arena.
  case code(UInt32)
  /// A word of data, so many bytes from the start of the code.
  case data(Int32)

  private static let kinds: UInt64 = 0xF7_00  // leaves the builder's own symbols alone

  var symbol: Symbol {
    let (kind, value): (UInt64, UInt64) =
      switch self {
      case .function(let id): (1, id.rawValue)
      case .ownSlot: (2, 0)
      case .host(let id): (3, id.rawValue)
      case .code(let offset): (4, UInt64(offset))
      case .data(let offset): (5, UInt64(UInt32(bitPattern: offset)))
      }
    return Symbol(rawValue: (Self.kinds | kind) << 48 | value)
  }

  init?(_ symbol: Symbol) {
    let value = symbol.rawValue & (1 << 48 - 1)
    switch symbol.rawValue >> 48 {
    case Self.kinds | 1: self = .function(EntityNumber(rawValue: value))
    case Self.kinds | 2: self = .ownSlot
    case Self.kinds | 3: self = .host(EntityNumber(rawValue: value))
    case Self.kinds | 4: self = .code(UInt32(truncatingIfNeeded: value))
    case Self.kinds | 5: self = .data(Int32(truncatingIfNeeded: value))
    default: return nil
    }
  }
}
