/// What stands in one operand position of an instruction form, and where it is encoded.
public enum OperandKind: Hashable, Sendable {
  /// A general register of the form's width, in ModRM.reg.
  case reg
  /// A 32-bit general register in ModRM.reg.
  case reg32
  /// A general register or memory of the form's width, in ModRM.rm.
  case rm
  /// A general register or memory of a fixed width, in ModRM.rm.
  case rm8, rm16, rm32
  /// A 32-bit general register, or memory of so many bytes, in ModRM.rm.
  case reg32mem(UInt16)
  /// Memory of so many bytes (0: as many as the form's width or the processor's state), in ModRM.rm.
  case memory(UInt16)
  /// An address that is computed and not accessed, in ModRM.rm.
  case address
  /// A general register of the form's width, in the low bits of the opcode.
  case plus
  /// `al`, `ax`, `eax` or `rax`; not encoded.
  case accumulator
  /// The register `cl`, or the number 1, as a count of shifts; not encoded.
  case cl, one
  /// A vector register, in ModRM.reg.
  case xmm
  /// A vector register, or memory of so many bytes, in ModRM.rm.
  case xm(UInt16)
  /// A vector register, in ModRM.rm.
  case xr
  /// An immediate byte, sign-extended to the form's width.
  case immS8
  /// An immediate byte that is a number of its own: a count, a predicate, a selector.
  case immU8
  /// An immediate of two bytes.
  case immU16
  /// An immediate of the form's width, at most four bytes, sign-extended.
  case imm
  /// An immediate of eight bytes.
  case immFull
  /// A displacement from the end of the instruction.
  case rel8, rel32
}
