import Foundation
import FtraceTestSupport
import FtraceWasm
import Testing

@Suite struct CorpusTests {
  @Test("modules of the corpus are valid, and read to their end without checks", arguments: CorpusModule.all)
  func accepted(module: CorpusModule) throws {
    guard !module.isCrash else { return }
    let valid = try WasmModule(decoding: module.bytes).validate()
    #expect(strayWalks(of: valid) == [])
  }

  @Test("the corpus is there")
  func found() {
    #expect(CorpusModule.all.count >= 6)
  }

  @Test("a module that ends anywhere is refused, or is a module", arguments: CorpusModule.all)
  func truncated(module: CorpusModule) {
    for length in module.bytes.indices { Mutation.check(Array(module.bytes[..<length]), "length \(length)") }
  }

  @Test("whatever is done to a module, it is refused or can be read without checks", arguments: CorpusModule.all)
  func mutated(module: CorpusModule) {
    for seed in 0..<Mutation.count {
      var mutation = Mutation(seed: seed)
      Mutation.check(mutation.mutate(module.bytes), "seed \(seed)")
    }
  }
}

/// Changes modules at random, the same for the same seed.
struct Mutation {
  /// How many of each module; a long run asks for more.
  static let count = ProcessInfo.processInfo.environment["FTRACE_TEST_MUTATIONS"].flatMap(UInt64.init) ?? 4_000

  private var generator: SeededGenerator

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
  }

  /// One to four changes behind the header.
  mutating func mutate(_ original: [UInt8]) -> [UInt8] {
    var bytes = original
    for _ in 0...Int.random(in: 0..<4, using: &generator) { change(&bytes) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    guard bytes.count > 8 else { return bytes.append(contentsOf: [1, 1, 0]) }
    let place = Int.random(in: 8..<bytes.count, using: &generator)
    switch Int.random(in: 0..<7, using: &generator) {
    case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 2: bytes.remove(at: place)
    case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
    // Numbers and types at the ends of their ranges.
    case 4: bytes[place] = [0x00, 0x7F, 0x80, 0xFF, 0x40, 0x70, 0x0B].randomElement(using: &generator) ?? 0
    case 5: bytes.replaceSubrange(place..<place, with: [0xFF, 0xFF, 0xFF, 0xFF, 0x0F])
    default:
      // A part of the module over another.
      let source = Int.random(in: 8..<bytes.count, using: &generator)
      let count = min(Int.random(in: 1...8, using: &generator), bytes.count - max(source, place))
      bytes.replaceSubrange(place..<place + count, with: Array(bytes[source..<source + count]))
    }
  }

  /// What the decoder and validator promise of any bytes.
  static func check(_ bytes: [UInt8], _ origin: String) {
    do throws(WasmModuleError) {
      let valid = try WasmModule(decoding: bytes).validate()
      _ = valid.module.functionNames()
      #expect(strayWalks(of: valid) == [], "\(origin)")
    } catch {
      #expect((0...bytes.count).contains(error.offset), "\(origin): \(error)")
    }
  }
}
