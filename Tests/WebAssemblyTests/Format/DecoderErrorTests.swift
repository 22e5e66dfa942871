import FtraceWasm
import Testing

@Suite struct DecoderErrorTests {
  static let malformedModules: [Refusal] = [
    Refusal([], .malformed, at: 0, "unexpected end"),
    Refusal(hex("00 61 73"), .malformed, at: 3, "unexpected end"),
    Refusal(hex("00 61 73 6E 01 00 00 00"), .malformed, at: 0, "magic header not detected"),
    Refusal(hex("00 61 73 6D 02 00 00 00"), .malformed, at: 4, "unknown binary version"),
    Refusal(module("0E 00"), .malformed, at: 8, "malformed section id"),
    Refusal(module("01 01"), .malformed, at: 10, "length out of bounds"),
    Refusal(module("01 80 80 80 80 80 00"), .malformed, at: 9, "integer representation too long"),
    Refusal(module("01 80 80 80 80 10"), .malformed, at: 9, "integer too large"),
    Refusal(module("01 02 00 00"), .malformed, at: 11, "section size mismatch"),
    Refusal(module("03 01 00 01 01 00"), .malformed, at: 11, "unexpected content after last section"),
    Refusal(module("01 01 00 01 01 00"), .malformed, at: 11, "unexpected content after last section"),
    Refusal(module("00 00"), .malformed, at: 10, "unexpected end"),
    Refusal(module("00 02 01 FF"), .malformed, at: 11, "malformed UTF-8 encoding"),
    Refusal(module("01 02 01 61"), .malformed, at: 11, "malformed type definition"),
    Refusal(module("01 05 01 60 01 01 00"), .malformed, at: 13, "malformed value type"),
    // A count that the section cannot hold is refused before anything is made for it.
    Refusal(module("01 05 FF FF FF FF 0F"), .malformed, at: 10, "unexpected end of section or function"),
    Refusal(module("02 05 01 00 00 05 00"), .malformed, at: 13, "malformed import kind"),
    Refusal(module("04 04 01 7F 00 00"), .malformed, at: 11, "malformed reference type"),
    Refusal(module("05 03 01 08 00"), .malformed, at: 11, "malformed limits flags"),
    Refusal(module("06 06 01 7F 04 41 00 0B"), .malformed, at: 12, "malformed mutability"),
    Refusal(module("07 04 01 00 05 00"), .malformed, at: 12, "malformed export kind"),
    Refusal(module("09 02 01 08"), .malformed, at: 11, "malformed elements segment kind"),
    Refusal(module("09 04 01 01 01 00"), .malformed, at: 12, "malformed element kind"),
    Refusal(module("0B 03 01 03 00"), .malformed, at: 11, "malformed data segment kind"),
    Refusal(module("0D 03 01 01 00"), .malformed, at: 11, "malformed tag attribute"),
    Refusal(module("06 05 01 7F 00 27 0B"), .malformed, at: 13, "illegal opcode"),
    Refusal(
      module("01 04 01 60 00 00 03 02 01 00"), .malformed, at: 18,
      "function and code section have inconsistent lengths"),
    Refusal(
      module("0A 04 01 02 00 0B"), .malformed, at: 10, "function and code section have inconsistent lengths"),
    Refusal(module("0C 01 01"), .malformed, at: 11, "data count and data section have inconsistent lengths"),
    Refusal(
      module("0C 01 02 0B 03 01 01 00"), .malformed, at: 13, "data count and data section have inconsistent lengths"),
    Refusal(function("02 FF FF FF FF 0F 7F 02 7F 0B"), .malformed, at: 22, "too many locals"),
    Refusal(module("09 04 01 01 00 01"), .malformed, at: 13, "unexpected end of section or function"),
    Refusal(function("01 00 7F"), .malformed, at: 25, "unexpected end of section or function"),
  ]

  @Test("what is not in the binary format is refused where it stands", arguments: malformedModules)
  func malformed(refusal: Refusal) {
    refusal.check()
  }

  static let unsupportedModules: [Refusal] = [
    Refusal(
      hex("00 61 73 6D 0D 00 01 00"), .unsupported("the component model"), at: 4, "a component instead of a module"),
    Refusal(module("01 05 01 60 01 7B 00"), .unsupported("SIMD"), at: 13, "the type v128"),
    Refusal(
      module("01 06 01 60 01 64 70 00"), .unsupported("typed function references"), at: 13,
      "a reference that is never null"),
    Refusal(
      module("01 03 01 5F 00"), .unsupported("garbage collection"), at: 11, "a type that is not a function's"),
    Refusal(module("05 04 01 03 01 02"), .unsupported("threads"), at: 11, "shared limits"),
    Refusal(module("05 03 01 04 00"), .unsupported("64-bit memories and tables"), at: 11, "64-bit limits"),
    Refusal(function("00 FD 0C 0B"), .unsupported("SIMD"), at: 23, "an instruction"),
    Refusal(function("00 FE 00 0B"), .unsupported("threads"), at: 23, "an instruction"),
    Refusal(function("00 FB 00 0B"), .unsupported("garbage collection"), at: 23, "an instruction"),
    Refusal(function("00 14 00 0B"), .unsupported("typed function references"), at: 23, "an instruction"),
    Refusal(function("00 FC 13 0B"), .unsupported("wide arithmetic"), at: 23, "an instruction"),
    Refusal(module("05 05 02 00 00 00 00"), .unsupported("multiple memories"), at: 13, "a second memory"),
    Refusal(
      function("01 D1 86 03 7F 0B"), .unsupported("more than 50000 locals"), at: 22, "implementation limit"),
  ]

  @Test("what needs a missing feature is refused by its name", arguments: unsupportedModules)
  func unsupported(refusal: Refusal) {
    refusal.check()
  }
}
