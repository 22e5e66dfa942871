/// What a program asks of the engine that takes a stop: a change of the desired state, in three steps that whoever serves it takes.
///
/// An object is served once. Its steps run under the engine's lock, on the thread of whichever caller came first.
///
/// It goes from thread to thread through the lists of `RequestQueue` alone, each under its lock, and after `init` is touched under the
/// engine's lock alone: it need not be `Sendable`.
class Request {
  /// What came of it; nil until it was served.
  fileprivate(set) var outcome: Result<Void, FtraceError>?

  init() {}

  /// Whether it must not share a stop with others.
  var standsAlone: Bool { false }

  /// Puts the change into a batch. If it throws, batch and state are as they were.
  func apply(to batch: inout Batch, in state: EngineState) throws(FtraceError) {}

  /// The code is as the batch wanted it: what follows from that.
  func settle(in state: EngineState) throws(FtraceError) {}

  /// Nothing was written: takes back what `apply` did to the state. The batch is thrown away.
  func revert(in state: EngineState) {}

  /// Is not served because of an error, its own or that of the stop.
  final func fail(_ error: FtraceError) { outcome = .failure(error) }

  final func settleAndFinish(in state: EngineState) {
    outcome = Result { () throws(FtraceError) in try settle(in: state) }
  }
}
