extension Disassembler {
  /// A listing: one line for each instruction, with its address, its bytes and its text.
  /// - Parameters:
  ///   - names: what stands at an address: printed on a line of its own before the address, and behind direct branches and
  ///     rip-relative operands that name it.
  public func listing(
    _ bytes: [UInt8], at address: UInt64 = 0, names: (UInt64) -> String? = { _ in nil }
  ) -> String {
    let instructions = decode(bytes, at: address)
    let digits = max(4, String(address &+ UInt64(bytes.count), radix: 16).count)
    var text = ""
    for instruction in instructions {
      if let name = names(instruction.address) { text += "\(name):\n" }
      let bytes = instruction.bytes.map { Self.hex(UInt64($0), digits: 2) }.joined(separator: " ")
      let column = bytes.count < 30 ? bytes + String(repeating: " ", count: 30 - bytes.count) : bytes + " "
      text += "\(Self.hex(instruction.address, digits: digits))  \(column)\(instruction.text)"
      if let named = instruction.target ?? instruction.ripRelativeAddress, let name = names(named) {
        text += "  ; \(name)"
      }
      text += "\n"
    }
    return text
  }

  private static func hex(_ value: UInt64, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
