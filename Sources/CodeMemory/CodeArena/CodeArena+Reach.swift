extension CodeArena {
  /// The displacement that leads from the end of an instruction to a target: never truncated.
  ///
  /// - Parameters:
  ///   - end: address after the instruction, by which rip-relative operands and branches count.
  ///   - target: address to reach. Any two addresses of one arena reach each other.
  /// - Throws: ``CodeMemoryError/outOfReach(from:to:)``.
  public static func rel32(from end: UInt, to target: UInt) throws(CodeMemoryError) -> Int32 {
    // The difference modulo 2⁶⁴ is what the processor adds, so wrap-around is right and only its size matters.
    guard let displacement = Int32(exactly: Int(bitPattern: target &- end)) else {
      throw .outOfReach(from: end, to: target)
    }
    return displacement
  }
}
