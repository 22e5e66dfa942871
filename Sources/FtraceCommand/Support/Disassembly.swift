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

  /// All instructions of some bytes.
  func instructions(_ bytes: [UInt8], at address: UInt, in runtime: TraceRuntime) -> [(bytes: [UInt8], text: String)] {
    disassembler.decode(bytes, at: UInt64(address)).map { ($0.bytes, text(of: $0, in: runtime)) }
  }

  private func text(of instruction: Instruction, in runtime: TraceRuntime) -> String {
    // A jump within the function keeps its address' last digits; what is called elsewhere has a name.
    guard let target = instruction.target, let name = runtime.name(of: UInt(target)),
      runtime.name(of: UInt(instruction.address)) != name || instruction.groups.contains(.call)
    else { return instruction.text }
    return "\(instruction.mnemonic) \(name)"
  }
}
