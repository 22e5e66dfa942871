/// Who wants the name of each function before the function can run, and the new one when it is renamed.
package protocol CodeObserver: AnyObject, Sendable {
  /// There is code at executable addresses, under a name: nobody has run it yet, unless the name is a new one, or the function was there before the
  /// observer. Addresses of code that has gone may come again.
  ///
  /// Called with the engine's lock held: it must not ask the runtime for anything.
  func codeNamed(_ name: String, _ signature: Signature?, start: UInt, size: Int)
}

/// The observers of a runtime, which does not keep them.
struct CodeObservers {
  private final class Weak {
    weak let observer: (any CodeObserver)?
    init(_ observer: any CodeObserver) { self.observer = observer }
  }

  private var list: [Weak] = []

  mutating func add(_ observer: any CodeObserver) {
    list.removeAll { $0.observer == nil }
    list.append(Weak(observer))
  }

  mutating func remove(_ observer: any CodeObserver) {
    list.removeAll { $0.observer == nil || $0.observer === observer }
  }

  func tell(_ body: FunctionBody, _ start: UInt) {
    for entry in list { entry.observer?.codeNamed(body.name, body.signature, start: start, size: Int(body.block.size)) }
  }
}

extension TraceRuntime {
  /// Tells an observer the names of all code that there is, by address, and of what comes, until it goes or is removed.
  package func add(_ observer: any CodeObserver) {
    read { state in
      for body in state.bodies.values.sorted(by: { $0.block.offset < $1.block.offset }) {
        observer.codeNamed(
          body.name, body.signature, start: state.executable(body.block.offset), size: Int(body.block.size))
      }
      state.codeObservers.add(observer)
    }
  }

  package func remove(_ observer: any CodeObserver) { read { $0.codeObservers.remove(observer) } }
}
