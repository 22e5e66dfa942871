import CFtraceWasm
import FtraceX86Assembler

extension FunctionCompiler {
  /// Division or remainder. Divisors that are constants are checked here and now.
  mutating func divide(_ type: ValueType, isSigned: Bool, isRemainder: Bool) {
    if type == .i32 {
      divide(Reg32.self, type, isSigned, isRemainder)
    } else {
      divide(Reg64.self, type, isSigned, isRemainder)
    }
  }

  private mutating func divide<R: LongRegister>(
    _ width: R.Type, _ type: ValueType, _ isSigned: Bool, _ isRemainder: Bool
  ) where R.Immediate == Int32 {
    let constant = stack[stack.count - 1].kind == .constant ? stack[stack.count - 1].bits : nil
    if let constant, !isSigned, constant != 0, constant & (constant - 1) == 0 {
      divideByPower(type, constant, isRemainder)
      return
    }
    var (right, left) = (pop(), pop())
    let fixed: RegisterSet = [RegisterSet(0), RegisterSet(2)]
    // The divisor is anywhere but in rax and rdx.
    let divisor = outside(fixed, &right)
    if left.kind == .register, left.register == 0 {
      claim(2, excluding: fixed)
    } else if left.kind == .register, left.register == 2 {
      claim(0, excluding: fixed)
      move(type, 0, 2)
    } else {
      claim(0, excluding: fixed)
      claim(2, excluding: fixed)
      load(left, into: 0)
      release(left)
    }
    let (rax, r) = (R(number: 0), R(number: divisor))
    let done = a.label()
    if constant == nil || constant == 0 {
      a.test(r, r)
      a.j(.e, trapLabel(FTRACE_WASM_TRAP_DIVISION_BY_ZERO))
    }
    let isMinusOne = constant.map { type == .i32 ? $0 == 0xFFFF_FFFF : $0 == .max }
    if isSigned, isMinusOne != false {
      // The least number has no opposite: the processor would raise an exception.
      let ordinary = a.label()
      a.cmp(r, -1)
      a.j(.ne, ordinary)
      if isRemainder {
        a.xor(.edx, .edx)
      } else {
        a.neg(rax)
        a.j(.o, trapLabel(FTRACE_WASM_TRAP_OVERFLOW))
      }
      a.jmp(done)
      a.bind(ordinary)
    }
    if isSigned {
      if R.width == .dword { a.cdq() } else { a.cqo() }
      a.idiv(r)
    } else {
      a.xor(.edx, .edx)
      a.div(r)
    }
    a.bind(done)
    release(right)
    let (result, other): (UInt8, UInt8) = isRemainder ? (2, 0) : (0, 2)
    release(.register(type, other))
    finish(type, in: result)
  }

  /// An operand in a register that is none of some: its own, or a temporary.
  private mutating func outside(_ set: RegisterSet, _ operand: inout Operand) -> UInt8 {
    if let register = register(of: operand), !set.contains(RegisterSet(register)) { return register }
    let register = takeGeneral(excluding: set)
    load(operand, into: register)
    release(operand)
    operand = .register(operand.type, register)
    return register
  }

  private mutating func divideByPower(_ type: ValueType, _ divisor: UInt64, _ isRemainder: Bool) {
    _ = pop()
    if isRemainder {
      push(.constant(type, divisor - 1))
      integer(type, .and)
    } else {
      push(.constant(type, UInt64(divisor.trailingZeroBitCount)))
      shift(type, .rightUnsigned)
    }
  }
}
