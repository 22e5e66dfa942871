/// A function of the module or one that it imports.
package struct Function: Hashable, Sendable {
  /// Index of its type.
  package let type: Int
  /// Where it is declared.
  package let offset: Int
}

/// Code of a function that the module defines.
package struct FunctionBody: Hashable, Sendable {
  /// First instruction, up to behind the last `end`.
  package let code: Range<Int>

  /// Which of the module's `localRuns` declare its locals beyond the parameters.
  package let localRuns: Range<Int>

  /// How many locals there are beyond the parameters: `ImplementationLimits.locals` at most.
  package let localCount: Int
}

/// Neighbouring locals of one type.
package struct LocalRun: Hashable, Sendable {
  package let count: Int
  package let type: ValueType
}
