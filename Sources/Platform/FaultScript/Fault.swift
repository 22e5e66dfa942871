/// One thing that goes wrong by script: which call, which time, and what it answers instead of being made.
package struct Fault: Sendable {
  /// Which of the calls that fit: the counts begin with 1 when the script is installed.
  package enum Occurrence: Sendable {
    case nth(Int)
    case from(Int)

    func includes(_ count: Int) -> Bool {
      switch self {
      case .nth(let n): count == n
      case .from(let n): count >= n
      }
    }
  }

  /// Restricts a fault to calls that have these bits in one of their arguments.
  package struct Condition: Sendable {
    let argument: Int
    let bits: Int

    /// True of calls whose argument (numbered from 0, as in the manual page) has all of `bits`.
    package static func argument(_ argument: Int, has bits: Int) -> Condition {
      Condition(argument: argument, bits: bits)
    }

    func holds(_ arguments: SIMD8<Int>) -> Bool { arguments[argument] & bits == bits }
  }

  let call: SystemCall
  let occurrence: Occurrence
  let condition: Condition?
  /// What the call answers, in the kernel's form: an errno is negative.
  let result: Int

  /// The `nth` call that fits fails.
  package static func fail(
    _ call: SystemCall, nth: Int, errno: Int32, where condition: Condition? = nil
  ) -> Fault {
    Fault(call: call, occurrence: .nth(nth), condition: condition, result: -Int(errno))
  }

  /// Every call that fits fails, beginning with number `from`.
  package static func failAlways(
    _ call: SystemCall, errno: Int32, from: Int = 1, where condition: Condition? = nil
  ) -> Fault {
    Fault(call: call, occurrence: .from(from), condition: condition, result: -Int(errno))
  }

  /// The `nth` call that fits is not made and answers `result`: a short write, a membarrier that knows no command.
  package static func answer(
    _ call: SystemCall, nth: Int, result: Int, where condition: Condition? = nil
  ) -> Fault {
    Fault(call: call, occurrence: .nth(nth), condition: condition, result: result)
  }

  /// Every call that fits is not made and answers `result`.
  package static func answerAlways(_ call: SystemCall, result: Int, where condition: Condition? = nil) -> Fault {
    Fault(call: call, occurrence: .from(1), condition: condition, result: result)
  }
}
