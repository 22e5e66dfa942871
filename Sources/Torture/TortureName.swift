import Ftrace

/// The name of a function under torture, in parts: what a filter selects is decided by these, not by reading the text.
package struct TortureName: Hashable {
  /// `t`, or `r` once it was renamed an odd number of times.
  var isRenamed: Bool
  /// One digit.
  var layer: Int
  var index: Int
  var generation: Int

  package var text: String { "\(isRenamed ? "r" : "t")\(layer)_\(index)_\(generation)" }

  package init(isRenamed: Bool = false, layer: Int, index: Int, generation: Int) {
    self.isRenamed = isRenamed
    self.layer = layer
    self.index = index
    self.generation = generation
  }

  /// The name that follows when it is renamed.
  func renamed(_ generation: Int) -> TortureName {
    TortureName(isRenamed: !isRenamed, layer: layer, index: index, generation: generation)
  }
}

/// A filter whose meaning is known by its construction: the books never ask the engine's matcher.
package enum TortureFilter: Hashable {
  case all
  case layer(Int)
  case notRenamed
  case even
  case zeros
  case exactly(Set<TortureName>)

  /// What the engine is given.
  package var globs: TraceFilter {
    switch self {
    case .all: .all
    case .layer(let layer): TraceFilter(trace: [Glob("?\(layer)_*")])
    case .notRenamed: TraceFilter(trace: ["t*"], notrace: ["r*"])
    case .even: TraceFilter(notrace: ["*[13579]_*"])
    case .zeros: TraceFilter(trace: ["t?_*0*", "t0_*"], notrace: ["t1*"])
    case .exactly(let names): TraceFilter(functions: Set(names.map(\.text)))
    }
  }

  /// What that means.
  package func selects(_ name: TortureName) -> Bool {
    switch self {
    case .all: true
    case .layer(let layer): name.layer == layer
    case .notRenamed: !name.isRenamed
    // An odd digit before an underscore ends the layer or the index.
    case .even: name.layer % 2 == 0 && name.index % 2 == 0
    case .zeros:
      !name.isRenamed && name.layer != 1
        && (name.layer == 0 || Self.hasZero(name.index) || Self.hasZero(name.generation))
    case .exactly(let names): names.contains(name)
    }
  }

  /// Whether the decimal digits of a number that is not negative hold a 0.
  private static func hasZero(_ number: Int) -> Bool {
    var rest = number
    repeat {
      if rest % 10 == 0 { return true }
      rest /= 10
    } while rest > 0
    return false
  }
}
