import Ftrace
import FtraceTorture
import Testing

/// The meaning of the torture's filters is stated twice: as globs for the engine, and by the parts of a name for the books.
@Suite struct TortureNameTests {
  private static let filters: [TortureFilter] =
    [.all, .even, .zeros, .notRenamed] + (0..<4).map { .layer($0) }
    + [.exactly([TortureName(layer: 1, index: 5, generation: 0)])]

  @Test(arguments: filters)
  func theGlobsSayTheSame(filter: TortureFilter) {
    var selected = 0
    for layer in 0..<10 {
      for index in [0, 1, 2, 5, 9, 10, 11, 12, 100, 101, 123] {
        for generation in [0, 1, 10, 11, 20, 305] {
          for isRenamed in [false, true] {
            let name = TortureName(isRenamed: isRenamed, layer: layer, index: index, generation: generation)
            #expect(filter.globs.matches(name.text) == filter.selects(name), "\(name.text)")
            selected += filter.selects(name) ? 1 : 0
          }
        }
      }
    }
    #expect(selected > 0)
  }
}
