import FtraceDisassembly
import FtraceX86Assembler
import Synchronization

/// The forms of the instructions in code that was run, found from its bytes alone: the assembler has no say in what is taken for executed.
final class ExecutedForms: Sendable {
  /// Where code that a test loads is noted; nil: nowhere.
  @TaskLocal static var current: ExecutedForms?

  private struct State {
    var forms: Set<Form> = []
    var known: Set<[UInt8]> = []
    let disassembler: Disassembler
  }

  private let state: Mutex<State>

  init() throws { state = Mutex(State(disassembler: try Disassembler())) }

  var forms: Set<Form> { state.withLock { $0.forms } }

  /// Notes what is in a run of instructions.
  func note(_ bytes: [UInt8]) {
    state.withLock { state in
      var rest = bytes[...]
      while !rest.isEmpty, let instruction = state.disassembler.decodeFirst(Array(rest), at: 0x4000_0000) {
        let own = Array(rest.prefix(instruction.bytes.count))
        if state.known.insert(own).inserted { state.forms.formUnion(Self.forms(of: own)) }
        rest = rest.dropFirst(own.count)
      }
    }
  }

  /// The rows that an instruction's prefixes, opcode and ModRM fit.
  static func forms(of bytes: [UInt8]) -> Set<Form> {
    var index = 0
    var prefixes: Set<UInt8> = []
    while index < bytes.count, [0x66, 0xF2, 0xF3, 0xF0, 0x64, 0x65, 0x67].contains(bytes[index]) {
      prefixes.insert(bytes[index])
      index += 1
    }
    var rex: UInt8 = 0
    if index < bytes.count, bytes[index] & 0xF0 == 0x40 {
      rex = bytes[index]
      index += 1
    }
    let code = Array(bytes[index...])
    let exact = Form.table.filter { fits($0, code, prefixes, rex, below: 0) }
    let rows = exact.isEmpty ? Form.table.filter { fits($0, code, prefixes, rex, below: 1) } : exact
    return Set(rows.map(\.form)).union(prefixes.contains(0xF0) ? [.lockPrefix] : [])
  }

  /// - Parameter below: 1 for the opcode of the byte's width.
  private static func fits(
    _ row: FormRow, _ code: [UInt8], _ prefixes: Set<UInt8>, _ rex: UInt8, below: UInt8
  ) -> Bool {
    if row.form == .lockPrefix || below == 1 && (!row.widths.contains(.byte) || row.widths == .byte) { return false }
    var opcode: [UInt8] = []
    for shift in [16, 8, 0] where row.opcode >> shift != 0 {
      opcode.append(UInt8(truncatingIfNeeded: row.opcode >> shift))
    }
    guard code.count >= opcode.count, let last = opcode.last else { return false }
    let found = code[opcode.count - 1]
    guard code[..<(opcode.count - 1)] == opcode[..<(opcode.count - 1)] else { return false }
    let isPlus = row.operands.contains(.plus)
    let expected = last - below
    if row.condition {
      guard found & 0xF0 == expected & 0xF0 else { return false }
    } else if isPlus {
      guard found & 0xF8 == expected & 0xF8 else { return false }
    } else if found != expected {
      return false
    }
    // 90 is a NOP, or with F3 a pause, unless REX.B makes it an exchange.
    if row.form == .xchgAccR, found == 0x90, rex & 1 == 0 { return false }
    if row.form == .nop, rex & 1 != 0 { return false }
    let mandatory = prefixes.intersection([0xF2, 0xF3])
    switch row.prefix {
    case 0: if !mandatory.isEmpty || prefixes.contains(0x66) && !row.widths.contains(.word) { return false }
    case 0x66: if !mandatory.isEmpty || !prefixes.contains(0x66) { return false }
    default: if mandatory != [row.prefix] { return false }
    }
    if below == 0, !row.widths.isEmpty, row.widths != .implicitQword, row.widths != .byte {
      let width: FormRow.Widths = rex & 8 != 0 ? .qword : prefixes.contains(0x66) && row.prefix != 0x66 ? .word : .dword
      if !row.widths.contains(width) { return false }
    }
    let modrm = code.count > opcode.count ? code[opcode.count] : nil
    if let digit = row.digit {
      guard let modrm, modrm >> 3 & 7 == digit else { return false }
    }
    for operand in row.operands {
      switch operand {
      case .memory, .address: guard let modrm, modrm >> 6 != 3 else { return false }
      case .xr: guard let modrm, modrm >> 6 == 3 else { return false }
      default: break
      }
    }
    return true
  }
}
