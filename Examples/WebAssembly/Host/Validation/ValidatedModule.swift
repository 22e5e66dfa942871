/// A module that was found valid: what it takes to compile and to instantiate one.
///
/// Whoever holds a value of this type may read the code of its functions with `CodeReader`, which checks nothing. What is
/// guaranteed stands in `Documentation/WebAssembly.md`.
package struct ValidatedModule: Sendable {
  package let module: WasmModule

  /// What was learned of each body on the way, in the order of `module.bodies`.
  package let facts: [FunctionFacts]

  /// For each type the index of the first that equals it: two function types of the module are equal if these are.
  package let canonicalTypes: [Int]

  /// Parameters and results of a block.
  package func type(of block: BlockType) -> FunctionType {
    switch block {
    case .empty: FunctionType()
    case .value(let type): FunctionType(results: [type])
    case .function(let index): module.types[index]
    }
  }
}

/// What validation learns of a function's body without further effort.
package struct FunctionFacts: Hashable, Sendable {
  /// Instructions in the body, its last `end` included.
  package internal(set) var instructions = 0

  /// Operands on the stack at most, those of code that cannot be reached included.
  package internal(set) var maximumOperands = 0

  /// Blocks inside each other at most, the body itself included.
  package internal(set) var maximumFrames = 0

  /// Whether it has a loop, so that it may run for long without calling.
  package internal(set) var hasLoop = false

  /// Whether it calls functions, directly or not, tail calls included.
  package internal(set) var hasCall = false

  /// Whether it catches exceptions, by `try` or by `try_table`.
  package internal(set) var catchesExceptions = false
}

extension WasmModule {
  /// Checks everything that the specification asks for (Core specification, chapter 3).
  ///
  /// Complexity: linear in the module's bytes, and for each branch in the values that it takes along.
  package func validate(features: WasmFeatures = .standard) throws(WasmModuleError) -> ValidatedModule {
    let context = try ValidationContext(self, features: features)
    var validator = FunctionValidator(context)
    var facts: [FunctionFacts] = []
    facts.reserveCapacity(bodies.count)
    for index in bodies.indices { facts.append(try validator.validate(body: index)) }
    return ValidatedModule(module: self, facts: facts, canonicalTypes: context.canonicalTypes)
  }
}
