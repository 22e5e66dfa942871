extension EngineState {
  /// Serves requests in their order, with one plan and one stop for all that can share it.
  func serve(_ requests: [Request]) {
    finishRetired()
    var together: [Request] = []
    for request in requests {
      if request.standsAlone {
        serveTogether(together)
        serveTogether([request])
        together = []
      } else {
        together.append(request)
      }
    }
    serveTogether(together)
    finishRetired()
  }

  /// Applies requests one after the other, each of which can fail by itself, and brings the code to the result.
  private func serveTogether(_ requests: [Request], withRetirements: Bool = true) {
    guard !requests.isEmpty else { return }
    var batch = Batch(desired)
    var applied: [Request] = []
    for request in requests { apply(request, to: &batch, &applied) }
    if withRetirements, batch.wantsCommit || batch.servesRetirements {
      for request in retiring { apply(request, to: &batch, &applied) }
    }
    guard !applied.isEmpty else { return }
    do throws(FtraceError) {
      if batch.wantsCommit { try commit(batch) }
    } catch {
      giveUp(applied, batch, error)
      return
    }
    var reclamation: Result<Void, FtraceError> = .success(())
    if batch.wantsReclamation {
      reclamation = Result { () throws(FtraceError) in try reclaimRetired() }
    }
    for request in applied {
      if request is ReclaimRequest, case .failure(let error) = reclamation {
        request.fail(error)
      } else {
        request.settleAndFinish(in: self)
      }
    }
  }

  private func apply(_ request: Request, to batch: inout Batch, _ applied: inout [Request]) {
    do throws(FtraceError) {
      try request.apply(to: &batch, in: self)
      applied.append(request)
    } catch { request.fail(error) }
  }

  /// The code is as it was.
  private func giveUp(_ requests: [Request], _ batch: Batch, _ error: FtraceError) {
    batch.revertClasses(in: tables, &classes)
    for request in requests.reversed() { request.revert(in: self) }
    if requests.count > 1, error.isOfPlanning {
      // There was no plan for all of them together: each is served by itself, so that none fails for another's sake.
      for request in requests { serveTogether([request], withRetirements: false) }
    } else {
      for request in requests { request.fail(error) }
    }
  }
}

extension FtraceError {
  /// Whether it comes from what was asked for, and not from the stop.
  fileprivate var isOfPlanning: Bool {
    switch self {
    case .memory, .assembly, .tooManySiteClasses: true
    default: false
    }
  }
}
