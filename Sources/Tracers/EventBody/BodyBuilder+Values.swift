import FtraceEngine
import FtraceTraceBuffer
import FtraceX86Assembler

extension BodyBuilder {
  /// Stores the values of the function behind an event, if there are any: a head, and a word for each. Those that are less than a word come with what
  /// is above them in the register. Changes `r11`.
  /// - Parameters:
  ///   - event: the register that holds the address of the event.
  ///   - eventBytes: what it takes by itself.
  /// - Returns: the bytes of the event, with its values.
  func appendValues(at event: Reg64, behind eventBytes: Int32) -> Int32 {
    guard let locations = values else { return eventBytes }
    let values =
      end == .entry
      ? Array(locations.arguments.prefix(TraceBuffer.valuesInAppend)) : locations.result.map { [$0] } ?? []
    if values.isEmpty { return eventBytes }
    code.mov(.dword, .base(event, eventBytes), Int32(values.count))
    code.mov(.dword, .base(event, eventBytes + 4), 9)
    for (index, location) in values.enumerated() {
      let target = Mem.base(event, eventBytes + 8 + Int32(index) * 8)
      switch location {
      case .integerRegister(let register):
        if let kept = place(of: register) {
          code.mov(.r11, kept)
          code.mov(target, .r11)
        } else {
          code.mov(target, register)
        }
      case .vectorRegister(let register): code.movsd(target, register)
      case .stack(let offset):
        // The address after the site, and the return address, are below the first of them.
        code.mov(.r11, .base(.rsp, Int32(offset) + 16))
        code.mov(target, .r11)
      }
    }
    return eventBytes + 8 + Int32(values.count) * 8
  }
}
