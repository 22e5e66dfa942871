import FtraceCodeMemory
import FtraceX86Assembler

/// Code that a host of a language installs beside its functions, when its first call compiles a function.
package struct HostCode: Sendable {
  /// Offset in the code of the runtime.
  let block: CodeBlock
  /// Executable address of the first byte.
  package let address: UInt
  /// The symbol by which emitted code calls it directly: `code.call(stub.symbol)`.
  package var symbol: Symbol { EngineSymbol.code(block.offset).symbol }
}

/// Words that emitted code calls through, in reach of all code of the runtime, for as long as it.
///
/// Whoever stores to one while it is called through stores a whole word, with release order.
@safe package struct HostWords: Sendable {
  // Safe: data of the arena that is never given back, and is read and stored a word at a time.
  package nonisolated(unsafe) let base: UnsafeMutablePointer<UInt>
  package let count: Int
  let displacement: Int32

  /// The symbol of one of them: `code.call(slot: words.symbol(3))`.
  package func symbol(_ index: Int) -> Symbol { EngineSymbol.data(displacement + Int32(index) * 8).symbol }
}

/// For hosts that compile a function when it is first called: words that calls go through before there is a function, and stubs.
extension TraceRuntime {
  /// Words for calls: zero, and kept for as long as the runtime.
  /// - Throws: `.memory`; nothing was taken.
  package func allocateWords(_ count: Int) throws(FtraceError) -> HostWords {
    try withState { (state) throws(FtraceError) in
      do throws(CodeMemoryError) {
        let base = unsafe try state.arena.allocateData(bytes: max(count, 1) * 8).assumingMemoryBound(to: UInt.self)
        // Code and data lie within 2 GiB.
        let displacement = Int(bitPattern: base) - Int(bitPattern: state.executable(0))
        return unsafe HostWords(base: base, count: count, displacement: Int32(displacement))
      } catch { throw .memory(error) }
    }
  }

  /// Installs code of the host's own: a gate, a stub. No worker is stopped in it, and it is never traced.
  ///
  /// It stays as long as the runtime.
  /// - Throws: `.assembly`, `.memory`, `.quiescence`; nothing is installed then.
  package func installHostCode(
    _ name: String, _ build: (GateCode) throws(AssemblerError) -> Void
  ) throws(FtraceError) -> HostCode {
    try withState { (state) throws(FtraceError) in
      let gate = GateCode(Assembler(), stubs: state.stubs)
      do throws(AssemblerError) { try build(gate) } catch { throw .assembly(error) }
      let block = try state.assemble(gate.code).block
      state.hostCode.append((block, name))
      state.codeObservers.tell(name, start: state.executable(block.offset), size: block.size)
      return HostCode(block: block, address: state.executable(block.offset))
    }
  }

  /// Defines a function that is called through a word of the host's: the word holds the body's address when this returns.
  ///
  /// The word stays the host's: it is not given back when the function is freed; its calls trap then.
  /// - Parameters:
  ///   - image: the function. If its name is taken, it gets the first free one of `name#2`, `name#3` and so on.
  ///   - signature: the classes of arguments and result, if the function takes them by the C convention.
  ///   - word: from `allocateWords`.
  /// - Throws: `.memory`, `.invalidImage`, `.quiescence`; nothing is defined then, and the word is as it was.
  package func define(
    _ image: FunctionImage, signature: Signature?, calledThrough word: UnsafeMutablePointer<UInt>
  ) throws(FtraceError) -> FunctionHandle {
    let core = core.value
    return try core.install { (state) throws(FtraceError) in
      var image = image
      image.name = state.freeName(like: image.name)
      return FunctionHandle(unsafe try state.define(image, signature: signature, calledThrough: word), core: core)
    }
  }
}

extension EngineState {
  /// The name, or with a number that makes it one that no function has. Amortised O(1), if no names were freed.
  func freeName(like name: String) -> String {
    guard functionsByName[name] != nil else { return name }
    var number = namesakes[name, default: 1]
    var candidate: String
    repeat {
      number += 1
      candidate = "\(name)#\(number)"
    } while functionsByName[candidate] != nil
    namesakes[name] = number
    return candidate
  }
}
