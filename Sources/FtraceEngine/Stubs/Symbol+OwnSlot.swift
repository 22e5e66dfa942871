import FtraceX86Assembler

extension Symbol {
  /// The slot of the function whose code refers to it.
  public static let ownSlot = EngineSymbol.ownSlot.symbol
}
