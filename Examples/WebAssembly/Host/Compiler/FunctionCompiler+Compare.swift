import FtraceX86Assembler

/// Comparisons, and what uses them: a branch, an `if` or a `select` that follows at once takes the flags.
extension FunctionCompiler {
  mutating func compareIntegers(_ type: ValueType, _ condition: Condition) {
    var (right, left) = (pop(), pop())
    var condition = condition
    if left.kind == .constant, right.kind != .constant {
      swap(&left, &right)
      condition = condition.swapped
    }
    if type == .i32 { compare(Reg32.self, &left, &right) } else { compare(Reg64.self, &left, &right) }
    release(left)
    release(right)
    consume(condition)
  }

  private mutating func compare<R: LongRegister>(_ width: R.Type, _ left: inout Operand, _ right: inout Operand)
  where R.Immediate == Int32 {
    if let immediate = right.immediate {
      if let memory = memory(of: left) {
        if R.width == .dword { a.cmp(.dword, memory, immediate) } else { a.cmp(.qword, memory, immediate) }
        return
      }
      let register = R(number: use(&left))
      if immediate == 0 { a.test(register, register) } else { a.cmp(register, immediate) }
      return
    }
    let register = R(number: use(&left))
    if let memory = memory(of: right) { a.cmp(register, memory) } else { a.cmp(register, R(number: use(&right))) }
  }

  mutating func equalsZero(_ type: ValueType) {
    push(.constant(type, 0))
    compareIntegers(type, .e)
  }

  /// Floats: `condition` holds after a comparison of the left with the right operand, or of the right with the left one; never if they are unordered.
  mutating func compareFloats(_ type: ValueType, _ condition: Condition, swapped: Bool) {
    var (right, left) = (pop(), pop())
    if swapped { swap(&left, &right) }
    let register = use(&left).xmm
    if let memory = memory(of: right) {
      if type == .f32 { a.ucomiss(register, memory) } else { a.ucomisd(register, memory) }
    } else {
      let other = use(&right).xmm
      if type == .f32 { a.ucomiss(register, other) } else { a.ucomisd(register, other) }
    }
    release(left)
    release(right)
    consume(condition)
  }

  mutating func floatsEqual(_ type: ValueType, _ predicate: FloatPredicate) {
    var (right, left) = (pop(), pop())
    let other = use(&right).xmm
    load(left, into: 15)
    if type == .f32 { a.cmpss(.xmm15, other, predicate) } else { a.cmpsd(.xmm15, other, predicate) }
    release(left)
    release(right)
    let target = target(.i32)
    a.movd(target.register.r32, .xmm15)
    a.and(target.register.r32, 1)
    finish(target)
  }

  // MARK: - Users

  /// What follows takes a condition from the flags, or it becomes a value.
  mutating func consume(_ condition: Condition) {
    switch reader.next {
    case Opcode.brIf.rawValue:
      _ = reader.opcode()
      branchIf(condition)
    case Opcode.if.rawValue:
      _ = reader.opcode()
      ifThen(condition)
    case Opcode.i32Eqz.rawValue:
      _ = reader.opcode()
      consume(condition.inverted)
    case Opcode.select.rawValue:
      _ = reader.opcode()
      select(condition)
    default:
      let target = target(.i32)
      a.set(condition, target.register.r8)
      a.movzx(target.register.r32, target.register.r8)
      finish(target)
    }
  }

  /// Sets the flags by an operand that was on the stack: `ne` holds if it is not zero.
  mutating func testTop() {
    var operand = pop()
    if let memory = memory(of: operand) {
      a.cmp(.dword, memory, 0)
    } else {
      let register = use(&operand).r32
      a.test(register, register)
    }
    release(operand)
  }

  /// The lower of the two operands if the condition holds, else the upper one.
  mutating func select(_ condition: Condition) {
    var (right, left) = (pop(), pop())
    if left.type.isFloat {
      let result = ownVector(&left)
      let done = a.label()
      a.j(condition, done)
      load(right, into: result)
      a.bind(done)
      release(right)
      finish(left.type, in: result)
      return
    }
    let result: UInt8
    if left.kind != .register, right.kind == .register {
      result = right.register
      conditionalMove(condition, result, &left)
      release(left)
    } else {
      if left.kind != .register {
        let register = takeGeneral()
        load(left, into: register)
        left = .register(left.type, register)
      }
      result = left.register
      conditionalMove(condition.inverted, result, &right)
      release(right)
    }
    finish(left.type, in: result)
  }

  private mutating func conditionalMove(_ condition: Condition, _ target: UInt8, _ source: inout Operand) {
    if let memory = memory(of: source) {
      if source.type.isWide { a.cmov(condition, target.r64, memory) } else { a.cmov(condition, target.r32, memory) }
    } else {
      let register = use(&source)
      if source.type.isWide {
        a.cmov(condition, target.r64, register.r64)
      } else {
        a.cmov(condition, target.r32, register.r32)
      }
    }
  }

  /// A vector with a value that may be changed: the operand's own temporary, or a copy.
  mutating func ownVector(_ operand: inout Operand) -> UInt8 {
    if operand.kind == .register { return operand.register }
    let register = takeVector()
    load(operand, into: register)
    operand = .register(operand.type, register)
    return register
  }
}

extension Condition {
  /// The condition that holds for swapped operands.
  var swapped: Condition {
    switch self {
    case .b: .a
    case .a: .b
    case .be: .ae
    case .ae: .be
    case .l: .g
    case .g: .l
    case .le: .ge
    case .ge: .le
    default: self
    }
  }
}
