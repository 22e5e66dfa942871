import FtraceWasm
import Testing

@Suite struct ValidationErrorTests {
  static let invalidDeclarations: [Refusal] = [
    Refusal(module("02 05 01 00 00 00 00"), .invalid, at: 11, "unknown type 0"),
    Refusal(module("03 02 01 00 0A 04 01 02 00 0B"), .invalid, at: 11, "unknown type 0"),
    Refusal(
      module("01 05 01 60 00 01 7F 0D 03 01 00 00"), .invalid, at: 18, "non-empty tag result type"),
    Refusal(
      module("05 04 01 01 02 01"), .invalid, at: 11, "size minimum must not be greater than maximum"),
    Refusal(
      module("05 05 01 00 81 80 04"), .invalid, at: 11, "memory size must be at most 65536 pages (4GiB)"),
    Refusal(module("06 06 01 7F 00 42 00 0B"), .invalid, at: 13, "type mismatch: expected [i32], found [i64]"),
    Refusal(module("06 04 01 7F 00 0B"), .invalid, at: 13, "type mismatch: expected [i32], found []"),
    Refusal(module("06 05 01 7F 00 01 0B"), .invalid, at: 13, "constant expression required"),
    Refusal(module("06 06 01 7F 00 23 00 0B"), .invalid, at: 13, "unknown global 0"),
    Refusal(module("07 04 01 00 03 00"), .invalid, at: 11, "unknown global 0"),
    Refusal(
      module("05 03 01 00 00 07 0B 02 02 C3 A9 02 00 02 C3 A9 02 00"), .invalid, at: 21, "duplicate export name"),
    Refusal(module("08 01 00"), .invalid, at: 10, "unknown function 0"),
    Refusal(module("09 05 01 01 00 01 00"), .invalid, at: 11, "unknown function 0"),
    Refusal(module("0B 06 01 00 41 00 0B 00"), .invalid, at: 11, "unknown memory 0"),
  ]

  @Test("declarations that do not fit are refused where they stand", arguments: invalidDeclarations)
  func declarations(refusal: Refusal) {
    refusal.check()
  }

  static let invalidCode: [Refusal] = [
    Refusal(function("00 1A 0B"), .invalid, at: 23, "type mismatch: an operand is missing"),
    Refusal(function("00 41 00 45 42 00 6A 1A 0B"), .invalid, at: 28, "type mismatch: expected i32, found i64"),
    Refusal(function("00 6A 0B"), .invalid, at: 23, "type mismatch: expected i32, found nothing"),
    Refusal(
      function("00 41 00 0B"), .invalid, at: 25,
      "type mismatch: values remain on the stack at the end of a block"),
    Refusal(function("00 20 00 0B"), .invalid, at: 23, "unknown local 0"),
    Refusal(function("01 01 7F 20 01 0B"), .invalid, at: 25, "unknown local 1"),
    Refusal(function("00 0C 01 0B"), .invalid, at: 23, "unknown label 1"),
    Refusal(function("00 10 01 0B"), .invalid, at: 23, "unknown function 1"),
    Refusal(function("00 23 00 0B"), .invalid, at: 23, "unknown global 0"),
    Refusal(function("00 41 00 24 00 0B", before: "06 06 01 7F 00 41 00 0B"), .invalid, at: 33, "immutable global 0"),
    Refusal(function("00 28 02 00 0B"), .invalid, at: 23, "unknown memory 0"),
    Refusal(
      function("00 41 00 28 03 00 1A 0B", before: "05 03 01 00 00"), .invalid, at: 30,
      "alignment must not be larger than natural"),
    Refusal(
      function("00 41 00 28 80 01 00 1A 0B", before: "05 03 01 00 00"), .malformed, at: 30, "malformed memop flags"),
    Refusal(
      function("00 41 00 28 00 80 80 80 80 10 1A 0B", before: "05 03 01 00 00"), .invalid, at: 30,
      "offset out of range"),
    Refusal(function("00 02 01 0B 0B"), .invalid, at: 23, "unknown type 1"),
    Refusal(
      function("00 41 00 04 7F 41 00 0B 1A 0B"), .invalid, at: 29,
      "type mismatch: an if without else gives back what it takes"),
    Refusal(function("00 D2 00 1A 0B"), .invalid, at: 23, "undeclared function reference 0"),
    Refusal(function("00 08 00 0B"), .invalid, at: 23, "unknown tag 0"),
    Refusal(function("00 02 40 09 00 0B 0B"), .invalid, at: 25, "invalid rethrow label"),
    Refusal(
      function("00 D0 6F D0 6F 41 00 1B 1A 0B"), .invalid, at: 29,
      "type mismatch: a select of references names their type"),
    Refusal(function("00 1C 00 0B"), .invalid, at: 23, "invalid result arity"),
    Refusal(function("00 05 0B"), .malformed, at: 23, "ELSE without an open if"),
    Refusal(function("00 FF 0B"), .malformed, at: 23, "illegal opcode"),
    Refusal(function("00 06 FF 7F 0B"), .malformed, at: 24, "malformed block type"),
    Refusal(function("00 01"), .malformed, at: 24, "unexpected end"),
    Refusal(function("00 0B 0B"), .malformed, at: 24, "END opcode expected"),
    Refusal(function("00 FC 09 00 0B"), .malformed, at: 23, "data count section required"),
    Refusal(function("00 41 80 80 80 80 70 1A 0B"), .malformed, at: 24, "integer too large"),
    Refusal(function("00 41 80 80 80 80 80 00 1A 0B"), .malformed, at: 24, "integer representation too long"),
  ]

  @Test("code that does not fit is refused at the instruction", arguments: invalidCode)
  func code(refusal: Refusal) {
    refusal.check()
  }
}
