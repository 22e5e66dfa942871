/// Types that stand next to each other in `ValidationContext.types`.
struct TypeList: BitwiseCopyable {
  let start: UInt32
  let count: UInt32

  static let empty = TypeList(start: 0, count: 0)

  var indices: Range<Int> { Int(start)..<Int(start) + Int(count) }
}

/// Parameters and results of a function or block.
struct Signature: BitwiseCopyable {
  let parameters: TypeList
  let results: TypeList
}
