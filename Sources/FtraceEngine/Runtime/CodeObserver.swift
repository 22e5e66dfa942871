import FtraceCodeMemory

/// Who wants the name of each function before the function can run, and the new one when it is renamed; and those of gates and adaptors, by
/// which outsiders call functions.
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

  func tell(_ name: String, _ signature: Signature? = nil, start: UInt, size: UInt32) {
    for entry in list { entry.observer?.codeNamed(name, signature, start: start, size: Int(size)) }
  }
}

extension EngineState {
  /// What code that is no function is called.
  enum StubName: String { case gate = "ftrace_gate", adaptor = "ftrace_adaptor" }

  func tellObservers(_ body: FunctionBody) {
    codeObservers.tell(body.name, body.signature, start: executable(body.block.offset), size: body.block.size)
  }

  func tellObservers(_ stub: StubName, at block: CodeBlock) {
    codeObservers.tell(stub.rawValue, start: executable(block.offset), size: block.size)
  }

  fileprivate var codeNames: [(block: CodeBlock, name: String, signature: Signature?)] {
    bodies.values.map { ($0.block, $0.name, $0.signature) }
      + adaptors.values.map { ($0, StubName.adaptor.rawValue, nil) }
      + functions.values.compactMap { function in function.gate.map { ($0, StubName.gate.rawValue, nil) } }
  }
}

extension TraceRuntime {
  /// Tells an observer the names of all code that there is, by address, and of what comes, until it goes or is removed.
  package func add(_ observer: any CodeObserver) {
    read { state in
      for code in state.codeNames.sorted(by: { $0.block.offset < $1.block.offset }) {
        observer.codeNamed(
          code.name, code.signature, start: state.executable(code.block.offset), size: Int(code.block.size))
      }
      state.codeObservers.add(observer)
    }
  }

  package func remove(_ observer: any CodeObserver) { read { $0.codeObservers.remove(observer) } }
}
