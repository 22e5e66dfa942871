import Ftrace
import FtraceDisassembly

/// What stands at a site, as a disassembler that is not ours reads it.
package enum DecodedSite: Hashable {
  /// One NOP of five bytes.
  case nop
  /// One call of five bytes.
  case call(UInt)
  case other([UInt8])

  /// Decodes five bytes that stand at an address.
  package init(_ bytes: [UInt8], at address: UInt) throws {
    let instruction = try Disassembler().decodeFirst(bytes, at: UInt64(address))
    guard bytes.count == 5, let instruction, instruction.bytes.count == 5 else {
      self = .other(bytes)
      return
    }
    switch instruction.mnemonic {
    case "nop": self = .nop
    case "call": self = instruction.target.map { .call(UInt($0)) } ?? .other(bytes)
    default: self = .other(bytes)
    }
  }
}

/// Bytes of memory that is mapped readable: of functions that are live.
package func memory(at address: UInt, count: Int) -> [UInt8] {
  unsafe Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count))
}

/// The instruction of five bytes at an address of live code.
package func decodedSite(at address: UInt) throws -> DecodedSite {
  try DecodedSite(memory(at: address, count: 5), at: address)
}

extension FunctionHandle {
  /// The address of the first byte of the present body, which is the address of the entry site.
  package var entry: UInt { get throws { try code().address } }

  /// What stands at the entry site.
  package var site: DecodedSite { get throws { try decodedSite(at: entry) } }
}

extension TraceRuntime {
  /// What `mcount` calls.
  package var mcountTarget: DecodedSite { get throws { try decodedSite(at: stubAddresses.mcountCall) } }

  /// What `ftrace_caller` calls.
  package var callerTarget: DecodedSite { get throws { try decodedSite(at: stubAddresses.callerCall) } }
}

extension TraceRuntime {
  /// The entry sites, without the exits.
  package var entrySites: [SiteReport] { sites.filter { $0.kind == .entry } }
}
