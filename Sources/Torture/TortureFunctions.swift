import Ftrace

/// The functions under torture: in layers, each may call two of the next layer. Every body of a function computes the same value in
/// another way, so that results can be checked while bodies are replaced.
struct TortureFunction {
  static let layers = 4

  let index: Int
  let name: String
  let factor: Int64
  let addend: Int64
  /// Indexes of the functions that it calls, in the next layer.
  let callees: [Int]

  init(index: Int, of count: Int, generation: Int, using generator: inout SeededGenerator) {
    self.index = index
    let layer = index % Self.layers
    name = "t\(layer)_\(index)_\(generation)"
    factor = Int64.random(in: 1...9, using: &generator)
    addend = Int64.random(in: -1000...1000, using: &generator)
    let next = Array(stride(from: layer + 1, to: count, by: Self.layers))
    callees =
      layer + 1 < Self.layers && !next.isEmpty ? (0..<2).map { _ in next.randomElement(using: &generator)! } : []
  }

  /// Whether nothing that was emitted calls it, so that it can be freed.
  var isRoot: Bool { index % Self.layers == 0 }

  /// Emits one of the ways to compute `x * factor + addend + sum of callees(x + 1)`.
  ///
  /// - Parameter cell: address of the body's counter, incremented by the instruction after the site.
  func emit(_ f: FunctionBuilder, cell: UInt, variant: Int, callees symbols: [Symbol]) {
    f.entrySite()
    f.mov(.r11, Int64(bitPattern: UInt64(cell)))
    f.lock.inc(.qword, .base(.r11))
    f.prologue(saving: [.rbx, .r12])
    f.mov(.rbx, .rdi)
    switch variant % 3 {
    case 0:
      f.mov(.r12, factor)
      f.imul(.r12, .rbx)
    case 1:
      // A loop of additions, which polls.
      f.xor(.r12d, .r12d)
      f.mov(.rcx, factor)
      let loop = f.here("loop")
      f.add(.r12, .rbx)
      f.poll()
      f.sub(.rcx, 1)
      f.j(.ne, loop)
    default:
      f.mov(.rax, .rbx)
      f.mov(.rcx, factor)
      f.imul(.rax, .rcx)
      f.mov(.r12, .rax)
      f.nop(variant % 7)
    }
    f.mov(.rax, addend)
    f.add(.r12, .rax)
    for symbol in symbols {
      f.lea(.rdi, .base(.rbx, 1))
      f.call(slot: symbol)
      f.add(.r12, .rax)
    }
    f.mov(.rax, .r12)
    f.functionReturn()
  }
}
