import Ftrace

/// A function under torture. They stand in layers, and each may call two of the next layer. Every body of a function computes the same
/// value in another way, so that results can be checked while bodies are replaced.
struct TortureFunction {
  static let layers = 4

  let index: Int
  var name: TortureName
  let factor: Int64
  let addend: Int64
  /// Indexes of the functions that it calls, in the next layer.
  let callees: [Int]
  /// Whether it calls the closure in Swift.
  let callsHost: Bool

  init(index: Int, of count: Int, generation: Int, using generator: inout SeededGenerator) {
    self.index = index
    let layer = index % Self.layers
    name = TortureName(layer: layer, index: index, generation: generation)
    factor = Int64.random(in: 1...9, using: &generator)
    addend = Int64.random(in: -1000...1000, using: &generator)
    let next = Array(stride(from: layer + 1, to: count, by: Self.layers))
    callees =
      layer + 1 < Self.layers && !next.isEmpty ? (0..<2).map { _ in next.randomElement(using: &generator)! } : []
    callsHost = Int.random(in: 0..<8, using: &generator) == 0
  }

  /// A function that no worker calls, for what cannot be done to the others.
  init(aside name: TortureName, callees: [Int] = [], callsHost: Bool = false) {
    index = name.index
    self.name = name
    (factor, addend, self.callees, self.callsHost) = (3, 5, callees, callsHost)
  }

  /// Whether nothing that was emitted calls it, so that it can be freed.
  var isRoot: Bool { index % Self.layers == 0 }

  /// What the closure in Swift computes.
  static func hostValue(_ x: Int64) -> Int64 { x &* 5 &- 3 }

  /// The part of the value that is not the callees'.
  func ownValue(_ x: Int64) -> Int64 {
    x &* factor &+ addend &+ (callsHost ? Self.hostValue(x &+ 2) : 0)
  }

  /// Emits one of the ways to compute `x * factor + addend + host(x + 2) + sum of callees(x + 1)`.
  ///
  /// The first instructions are those that the books know: the site, and two that count (`torture_books.h`). So are those before the return.
  /// - Parameters:
  ///   - block: displacement from `fs:0` of the pointer to the worker's block.
  ///   - cell: distance of the body's counter from the block; at least 128, so that it takes four bytes.
  ///   - exits: the same of the counter of its exits.
  func emit(
    _ f: FunctionBuilder, block: Int32, cell: Int32, exits: Int32, variant: Int, callees symbols: [Symbol],
    host: HostHandle
  ) {
    f.entrySite()
    f.mov(.r11, .fs(block))
    f.inc(.qword, .base(.r11, cell))
    f.prologue(saving: [.rbx, .r12])
    f.mov(.rbx, .rdi)
    if variant % 70 == 69 { emitWait(f) }
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
    if callsHost {
      f.lea(.rdi, .base(.rbx, 2))
      f.call(slot: host.symbol)
      f.add(.r12, .rax)
    }
    for symbol in symbols {
      f.lea(.rdi, .base(.rbx, 1))
      f.call(slot: symbol)
      f.add(.r12, .rax)
    }
    f.mov(.rax, .r12)
    f.epilogue()
    f.exitSite()
    f.mov(.r11, .fs(block))
    f.inc(.qword, .base(.r11, exits))
    f.ret()
  }

  /// Long enough that a stop finds a worker here while the function is replaced: thousands of polls.
  private func emitWait(_ f: FunctionBuilder) {
    f.mov(.rcx, 20_000)
    let loop = f.here("wait")
    f.poll()
    f.sub(.rcx, 1)
    f.j(.ne, loop)
  }
}
