/// Where an exit site may lie: its five bytes in one aligned word of eight, so that they are written by one store, and not at a multiple of
/// 16, which is where entry sites lie: the address after a site says which of the two it is.
public enum ExitSite {
  /// Whether an exit site may begin at an offset in code that is placed at a multiple of 16.
  public static func isPermitted(at offset: Int) -> Bool { padding(at: Int32(truncatingIfNeeded: offset)) == 0 }

  /// The least number of bytes that brings an offset to a place where an exit site may begin.
  static func padding(at offset: Int32) -> Int32 {
    let place = offset & 15
    if place == 0 { return 1 }
    return place & 7 <= 3 ? 0 : (place < 8 ? 8 : 17) - place
  }
}

extension FunctionBuilder {
  /// An exit site: five bytes that do nothing, before the instruction that leaves the function. Flags and `r11` are dead there.
  ///
  /// `functionReturn` and `tailCall` place it by themselves. Whoever leaves the function by an instruction of his own places it before that, where
  /// `rsp` points to the return address.
  public func exitSite() {
    let start = offset
    let padding = Int(ExitSite.padding(at: Int32(truncatingIfNeeded: start)))
    nop(padding)
    // With nothing before it that can change its size, the padding is final.
    if unsafe !state.pointee.fragments.isEmpty {
      unsafe state.pointee.fragments.append(
        Fragment(
          offset: Int32(truncatingIfNeeded: start), size: Int32(padding), kind: .exitSite, condition: 0, operand: 0))
    }
    recordSite(.exit)
    nop(5)
  }
}
