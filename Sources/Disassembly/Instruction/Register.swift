internal import CCapstone

/// A register of the processor, by capstone's number for it.
public struct Register: Hashable, Sendable, CustomStringConvertible {
  public let id: UInt32

  init(_ id: x86_reg) { self.id = UInt32(id.rawValue) }

  /// The name, as in `rax`, `r8d`, `xmm0`, `fs`.
  public var name: String { Int(id) < Self.names.count ? Self.names[Int(id)] : "register \(id)" }

  public var description: String { name }

  public static let rip = Register(X86_REG_RIP)
  public static let rsp = Register(X86_REG_RSP)
  public static let rbp = Register(X86_REG_RBP)
  public static let fs = Register(X86_REG_FS)
  public static let gs = Register(X86_REG_GS)

  /// The name of every register, by number.
  private static let names: [String] = {
    var handle: csh = 0
    // The handle is only used while it is open; the names are C strings that the library never frees.
    guard unsafe cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK else { return [] }
    defer { _ = unsafe cs_close(&handle) }
    return (0..<UInt32(X86_REG_ENDING.rawValue)).map { id in
      guard let name = unsafe cs_reg_name(handle, id) else { return "register \(id)" }
      return unsafe String(cString: name)
    }
  }()
}
