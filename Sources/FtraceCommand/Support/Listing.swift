import Ftrace
import FtraceDisassembly

/// Instructions as text, with the names of what they call.
struct Listing {
  private let disassembler: Disassembler

  init() throws(CommandFailure) {
    do throws(DisassemblyError) { disassembler = try Disassembler() } catch {
      throw CommandFailure(.refused, error.description)
    }
  }

  /// The first instruction of some bytes, and the name of what it calls.
  func instruction(_ bytes: [UInt8], at address: UInt, in runtime: TraceRuntime) -> String {
    guard let instruction = disassembler.decodeFirst(bytes, at: UInt64(address)) else { return "(no instruction)" }
    return text(of: instruction, in: runtime)
  }

  /// The instructions of a function: offsets instead of addresses within it.
  func function(
    _ name: String, _ bytes: [UInt8], at address: UInt, in runtime: TraceRuntime
  ) -> [(place: String, bytes: [UInt8], text: String)] {
    disassembler.decode(bytes, at: UInt64(address)).map { instruction in
      var text = text(of: instruction, in: runtime)
      if let target = instruction.target, target >= address, target - UInt64(address) < bytes.count {
        text = "\(instruction.mnemonic) \(name)+\(target - UInt64(address))"
      }
      return ("\(name)+\(instruction.address - UInt64(address))", instruction.bytes, text)
    }
  }

  private func text(of instruction: Instruction, in runtime: TraceRuntime) -> String {
    guard let target = instruction.target, let name = runtime.name(of: UInt(target)) else { return instruction.text }
    return "\(instruction.mnemonic) \(name)"
  }
}
