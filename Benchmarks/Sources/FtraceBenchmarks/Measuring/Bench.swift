import BenchmarkShims

/// One of several things that are measured side by side.
struct Variant {
  let name: String
  /// Operations that an iteration stands for.
  var operations = 1.0
  /// Called before each batch, untimed.
  var prepare: () -> Void = {}
  /// Runs so many iterations.
  let run: (_ iterations: Int) -> Void
}

/// How long, and how often.
struct Bench {
  let clock: Clock
  let quick: Bool

  /// Rounds of cheap measurements, in which batches take `batch` nanoseconds.
  var rounds: Int { quick ? 9 : 61 }
  var batch: Double { quick ? 300_000 : 1_000_000 }
  /// Rounds of measurements that take long each.
  var fewRounds: Int { quick ? 5 : 15 }

  /// Measures variants in turns, so that what drifts drifts for all of them; each round starts with another one.
  func interleave(_ variants: [Variant]) -> [String: Samples] {
    let iterations = variants.map { calibrate($0) }
    var samples = [Samples](repeating: Samples(), count: variants.count)
    for round in 0..<rounds {
      for position in variants.indices {
        let index = (position + round) % variants.count
        let (variant, count) = (variants[index], iterations[index])
        variant.prepare()
        // What ran before has left the caches and the predictors to itself.
        variant.run(count / 8 + 1)
        let time = undisturbed { variant.run(count) }
        samples[index].add(time / (Double(count) * variant.operations))
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(variants.map(\.name), samples))
  }

  /// Nanoseconds that `body` takes when no other thread takes the CPU meanwhile. On a machine so busy that this does not come about
  /// soon, the shortest time.
  private func undisturbed(_ body: () -> Void) -> Double {
    var shortest = Double.infinity
    for _ in 0..<16 {
      let before = bench_preemptions()
      let time = clock.time(body)
      if bench_preemptions() == before { return time }
      shortest = min(shortest, time)
    }
    return shortest
  }

  /// The number of iterations that fills a batch.
  private func calibrate(_ variant: Variant) -> Int {
    var count = 1
    while true {
      // The fastest of three: first runs meet page faults, later ones an interrupt.
      let time = (0..<3).map { _ in clock.time { variant.run(count) } }.min() ?? 0
      if time >= batch / 2 { return max(1, Int(Double(count) * batch / time)) }
      count *= 2
    }
  }
}

/// The CPU that everything with one thread runs on.
let firstCPU: Int32 = 0
