import CFtraceWasm
import FtraceX86Assembler

/// Integer arithmetic of two operands that all have the same three forms.
enum IntegerOperation: UInt8 {
  case add, sub, and, or, xor, multiply

  var isCommutative: Bool { self != .sub }
}

enum ShiftOperation: UInt8 { case left, rightSigned, rightUnsigned, rotateLeft, rotateRight }

extension FunctionCompiler {
  // MARK: - Two operands

  mutating func integer(_ type: ValueType, _ operation: IntegerOperation) {
    if type == .i32 { integer(Reg32.self, type, operation) } else { integer(Reg64.self, type, operation) }
  }

  private mutating func integer<R: LongRegister>(_ width: R.Type, _ type: ValueType, _ operation: IntegerOperation)
  where R.Immediate == Int32, R.MoveImmediate: FixedWidthInteger {
    var (right, left) = (pop(), pop())
    if operation.isCommutative {
      // What is in a temporary, or needs an instruction to be loaded, is on the left.
      if left.kind == .constant || (right.kind == .register && left.kind != .register) { swap(&left, &right) }
    }
    let target = localTarget(type)
    var result: UInt8
    if let target, register(of: right) != target.register || register(of: left) == target.register {
      result = target.register
    } else if let target, operation.isCommutative {
      swap(&left, &right)
      result = target.register
    } else if left.kind == .register {
      result = left.register
    } else {
      result = takeGeneral()
    }
    if operation == .add, let base = register(of: left), base != result {
      // One instruction adds and moves.
      if let immediate = right.immediate {
        a.lea(R(number: result), .base(base.r64, immediate))
        finishOperation(type, result, target, left, right)
        return
      }
      if let index = register(of: right) {
        a.lea(R(number: result), .base(base.r64, index: IndexRegister(index.r64)))
        finishOperation(type, result, target, left, right)
        return
      }
    }
    if operation == .multiply, let immediate = right.immediate, let source = register(of: left) {
      a.imul(R(number: result), R(number: source), immediate)
      finishOperation(type, result, target, left, right)
      return
    }
    load(left, into: result)
    let register = R(number: result)
    if let immediate = right.immediate {
      apply(operation, register, immediate)
    } else if let memory = memory(of: right) {
      apply(operation, register, memory)
    } else {
      apply(operation, register, R(number: use(&right)))
    }
    finishOperation(type, result, target, left, right)
  }

  private func apply<R: LongRegister>(_ operation: IntegerOperation, _ target: R, _ source: R)
  where R.Immediate == Int32 {
    switch operation {
    case .add: a.add(target, source)
    case .sub: a.sub(target, source)
    case .and: a.and(target, source)
    case .or: a.or(target, source)
    case .xor: a.xor(target, source)
    case .multiply: a.imul(target, source)
    }
  }

  private func apply<R: LongRegister>(_ operation: IntegerOperation, _ target: R, _ source: Mem)
  where R.Immediate == Int32 {
    switch operation {
    case .add: a.add(target, source)
    case .sub: a.sub(target, source)
    case .and: a.and(target, source)
    case .or: a.or(target, source)
    case .xor: a.xor(target, source)
    case .multiply: a.imul(target, source)
    }
  }

  private func apply<R: LongRegister>(_ operation: IntegerOperation, _ target: R, _ source: Int32)
  where R.Immediate == Int32 {
    switch operation {
    case .add: a.add(target, source)
    case .sub: a.sub(target, source)
    case .and: a.and(target, source)
    case .or: a.or(target, source)
    case .xor: a.xor(target, source)
    case .multiply: a.imul(target, target, source)
    }
  }

  // MARK: - Shifts

  mutating func shift(_ type: ValueType, _ operation: ShiftOperation) {
    if type == .i32 { shift(Reg32.self, type, operation) } else { shift(Reg64.self, type, operation) }
  }

  private mutating func shift<R: LongRegister>(_ width: R.Type, _ type: ValueType, _ operation: ShiftOperation)
  where R.Immediate == Int32 {
    let right = pop()
    var left = pop()
    if right.kind == .constant {
      let target = localTarget(type)
      let result = target?.register ?? ownGeneral(&left)
      load(left, into: result)
      let count = UInt8(truncatingIfNeeded: right.bits) & (R.width == .dword ? 31 : 63)
      if count != 0 { apply(operation, R(number: result), count) }
      finishOperation(type, result, target, left, right)
      return
    }
    // The count goes to rcx; what is shifted must not be there.
    if left.kind == .register, left.register == 1 {
      let register = takeGeneral(excluding: RegisterSet(1))
      move(type, register, 1)
      // The count is not in rcx then, so rcx is given to it at once.
      left.register = register
      load(right, into: 1)
    } else if right.kind != .register || right.register != 1 {
      claim(1)
      load(right, into: 1)
    }
    let target = localTarget(type)
    let result = target?.register ?? ownGeneral(&left)
    load(left, into: result)
    apply(operation, R(number: result), .cl)
    release(.register(.i32, 1))
    let count = right.kind == .register && right.register == 1 ? Operand.constant(type, 0) : right
    finishOperation(type, result, target, left, count)
  }

  /// A general register with an operand's value, or room for it: the operand's own temporary, or another.
  mutating func ownGeneral(_ operand: inout Operand) -> UInt8 {
    operand.kind == .register ? operand.register : takeGeneral()
  }

  private func apply<R: LongRegister>(_ operation: ShiftOperation, _ target: R, _ count: UInt8) {
    switch operation {
    case .left: a.shl(target, count)
    case .rightSigned: a.sar(target, count)
    case .rightUnsigned: a.shr(target, count)
    case .rotateLeft: a.rol(target, count)
    case .rotateRight: a.ror(target, count)
    }
  }

  private func apply<R: LongRegister>(_ operation: ShiftOperation, _ target: R, _ count: CountRegister) {
    switch operation {
    case .left: a.shl(target, count)
    case .rightSigned: a.sar(target, count)
    case .rightUnsigned: a.shr(target, count)
    case .rotateLeft: a.rol(target, count)
    case .rotateRight: a.ror(target, count)
    }
  }

  // MARK: - One operand

  enum Count: UInt8 { case leadingZeros, trailingZeros, ones }

  mutating func count(_ type: ValueType, _ what: Count) {
    if type == .i32 { count(Reg32.self, type, what) } else { count(Reg64.self, type, what) }
  }

  private mutating func count<R: LongRegister>(_ width: R.Type, _ type: ValueType, _ what: Count) {
    var operand = pop()
    let source = R(number: use(&operand))
    let target = localTarget(type)
    let result = target?.register ?? ownGeneral(&operand)
    switch what {
    case .leadingZeros: a.lzcnt(R(number: result), source)
    case .trailingZeros: a.tzcnt(R(number: result), source)
    case .ones: a.popcnt(R(number: result), source)
    }
    finishOperation(type, result, target, operand, .constant(type, 0))
  }

  enum Extension: UInt8 { case signed8, signed16, signed32, wrap, unsigned32 }

  /// Sign extensions, and conversions between integers.
  mutating func extend(_ type: ValueType, _ how: Extension) {
    var operand = pop()
    if how == .unsigned32, operand.kind == .register {
      // Upper halves are zero.
      operand.type = .i64
      push(operand)
      return
    }
    let source = use(&operand)
    let target = localTarget(type)
    let result = target?.register ?? ownGeneral(&operand)
    switch (how, type) {
    case (.signed8, .i32): a.movsx(result.r32, source.r8)
    case (.signed8, _): a.movsx(result.r64, source.r8)
    case (.signed16, .i32): a.movsx(result.r32, source.r16)
    case (.signed16, _): a.movsx(result.r64, source.r16)
    case (.signed32, _): a.movsxd(result.r64, source.r32)
    case (.wrap, _): a.mov(result.r32, source.r32)
    case (.unsigned32, _): move(.i32, result, source)  // upper halves are zero
    }
    finishOperation(type, result, target, operand, .constant(type, 0))
  }
}
