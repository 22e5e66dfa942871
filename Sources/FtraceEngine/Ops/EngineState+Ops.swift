import CFtraceShims
import FtraceCodeMemory
import FtraceQuiescence
import FtraceX86Assembler

/// Whether a registration takes effect at once.
public enum RegistrationStatus: Sendable, Hashable {
  /// The ops receives calls from now on.
  case active
  /// Tracing is off: the ops receives calls when it is switched on.
  case inactive
}

extension EngineState {
  /// Gives back what belonged to an ops whose callback is unreachable and on no stack.
  func finishUnregistering(_ registered: RegisteredOps) {
    leaving.removeAll { $0.number == registered.number }
    // After a kill, sites may call the thunk for good: it stays, without its ops. So does a compiled body, which they run.
    if killedReason == nil {
      discard(registered)
    } else if let body = registered.ops.body {
      keptBodies.append(body)
    }
  }

  /// Makes the code and the counter of an ops. Nothing leads to it yet.
  func makeRegistered(_ ops: TraceOps, number: Int) throws(FtraceError) -> RegisteredOps {
    let recursions = unsafe try allocateSlot()
    if let sink = unsafe ops.body?.sink {
      // Safe: nothing calls the sink yet, and the body keeps it.
      unsafe sink.pointee.slot = slot.index
      unsafe sink.pointee.ops = UInt32(number)
    }
    if ops.body?.wantsValues == true { variantMembers |= 1 << number } else { variantMembers &= ~(1 << number) }
    let flag = ThreadBlock.opsActive(slot: slot.index, ops: number)
    do throws(FtraceError) {
      let a = Assembler()
      if let body = ops.body {
        a.slowCode(sink: unsafe UInt(bitPattern: body.sink), appendSlow: stubs.appendSlow)
        let (_, code) = try assemble(a)
        return unsafe RegisteredOps(
          ops: ops, number: number, filter: ops.filter, thunk: code, gate: 0, passedOver: 0, recursions: recursions)
      }
      let (gate, passedOver) = a.opsThunk(ops: ops, activeFlag: flag, recursions: UInt(bitPattern: recursions))
      let (code, thunk) = try assemble(a)
      return unsafe RegisteredOps(
        ops: ops, number: number, filter: ops.filter, thunk: thunk,
        gate: thunk.offset + UInt32(code.offset(of: gate)),
        passedOver: thunk.offset + UInt32(code.offset(of: passedOver)), recursions: recursions)
    } catch {
      unsafe arena.freeSlot(recursions)
      throw error
    }
  }

  /// Retires the thunk of an ops that nothing calls. The ops itself goes at once: its thunk passes calls over, and its callback is on no
  /// stack.
  func discard(_ registered: RegisteredOps) {
    let recursions = unsafe registered.recursions
    let (body, number) = (registered.ops.body, registered.number)
    // Its channels are its own until none of its code can run: only then may another ops have the number.
    if body != nil { compiledNumbers.insert(number) }
    retireThunk(registered.thunk) { [unowned self] in
      unsafe arena.freeSlot(recursions)
      guard let body else { return }
      unsafe ftrace_channels_forget(body.sink)
      compiledNumbers.remove(number)
      garbage.append(body)
    }
  }

  /// Moves the sites whose class changes when the filter of an ops does; nil: it goes. O(functions), unless the ops is shared.
  /// - Throws: `.tooManySiteClasses`, but not for an ops that goes; the batch is what it was.
  func changeClasses(
    of registered: RegisteredOps, becoming filter: TraceFilter?, in batch: inout Batch
  ) throws(FtraceError) {
    let isOwn = filter.map { !$0.isUnfiltered || registered.ops.hasRouteOfItsOwn } ?? false
    var changes: [ClassChange] = []
    // An ops that was shared and stays so is in no class.
    guard isOwn || !registered.isShared else { return }
    for body in bodies.values where !isExcluded(body) {
      guard let site = body.tracedSiteOffsets.first else { continue }
      let number = unsafe tables.desiredClass[Int(site >> 3)]
      let old = classes[number]
      var new = old
      new.set(registered, filter: isOwn ? filter : nil, of: body.name)
      new.distinguish(body.traits, for: variantMembers)
      guard new != old else { continue }
      do throws(FtraceError) {
        changes += classChanges(of: body, to: try classes.number(of: new))
      } catch {
        guard filter == nil else { throw error }
        // All functions of the class lose the same ops, so the class can: leaving takes no number.
        batch.redefine(number, as: new, in: &classes)
      }
    }
    batch.change(changes, in: tables)
  }
}
