/// What follows the byte `0xFC`, as an unsigned LEB128 number.
package enum BulkOpcode: UInt8, Hashable, Sendable, CaseIterable {
  case i32TruncSatF32S = 0
  case i32TruncSatF32U = 1
  case i32TruncSatF64S = 2
  case i32TruncSatF64U = 3
  case i64TruncSatF32S = 4
  case i64TruncSatF32U = 5
  case i64TruncSatF64S = 6
  case i64TruncSatF64U = 7
  case memoryInit = 8
  case dataDrop = 9
  case memoryCopy = 10
  case memoryFill = 11
  case tableInit = 12
  case elemDrop = 13
  case tableCopy = 14
  case tableGrow = 15
  case tableSize = 16
  case tableFill = 17
}
