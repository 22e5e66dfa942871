import FtraceX86Assembler

enum FloatOperation: UInt8 { case add, sub, multiply, divide }

extension FunctionCompiler {
  // MARK: - Two operands

  mutating func float(_ type: ValueType, _ operation: FloatOperation) {
    var (right, left) = (pop(), pop())
    if operation == .add || operation == .multiply, right.kind == .register, left.kind != .register {
      // The payload of a NaN may be either's.
      swap(&left, &right)
    }
    let target = localTarget(type)
    var result: UInt8
    if let target, register(of: right) != target.register || register(of: left) == target.register {
      result = target.register
    } else {
      result = left.kind == .register ? left.register : takeVector()
    }
    load(left, into: result)
    if let memory = memory(of: right) {
      apply(operation, type, result.xmm, memory)
    } else {
      apply(operation, type, result.xmm, use(&right).xmm)
    }
    finishOperation(type, result, target, left, right)
  }

  private func apply(_ operation: FloatOperation, _ type: ValueType, _ target: XMM, _ source: XMM) {
    switch (operation, type) {
    case (.add, .f32): a.addss(target, source)
    case (.add, _): a.addsd(target, source)
    case (.sub, .f32): a.subss(target, source)
    case (.sub, _): a.subsd(target, source)
    case (.multiply, .f32): a.mulss(target, source)
    case (.multiply, _): a.mulsd(target, source)
    case (.divide, .f32): a.divss(target, source)
    case (.divide, _): a.divsd(target, source)
    }
  }

  private func apply(_ operation: FloatOperation, _ type: ValueType, _ target: XMM, _ source: Mem) {
    switch (operation, type) {
    case (.add, .f32): a.addss(target, source)
    case (.add, _): a.addsd(target, source)
    case (.sub, .f32): a.subss(target, source)
    case (.sub, _): a.subsd(target, source)
    case (.multiply, .f32): a.mulss(target, source)
    case (.multiply, _): a.mulsd(target, source)
    case (.divide, .f32): a.divss(target, source)
    case (.divide, _): a.divsd(target, source)
    }
  }

  /// The lesser or the greater: a NaN if one is, and zeros ordered by their sign, of both of which the processor's own instructions know nothing.
  mutating func extremum(_ type: ValueType, isMinimum: Bool) {
    var (right, left) = (pop(), pop())
    let (result, other) = (ownVector(&left).xmm, use(&right).xmm)
    let (unequal, unordered, done) = (a.label(), a.label(), a.label())
    if type == .f32 { a.ucomiss(result, other) } else { a.ucomisd(result, other) }
    a.j(.p, unordered)
    a.j(.ne, unequal)
    if isMinimum { a.orps(result, other) } else { a.andps(result, other) }
    a.jmp(done)
    a.bind(unordered)
    if type == .f32 { a.addss(result, other) } else { a.addsd(result, other) }
    a.jmp(done)
    a.bind(unequal)
    switch (isMinimum, type) {
    case (true, .f32): a.minss(result, other)
    case (true, _): a.minsd(result, other)
    case (false, .f32): a.maxss(result, other)
    case (false, _): a.maxsd(result, other)
    }
    a.bind(done)
    release(right)
    finish(type, in: result.number)
  }

  mutating func copySign(_ type: ValueType) {
    let (right, left) = (pop(), pop())
    load(right, into: 14)
    release(right)
    load(left, into: 15)
    release(left)
    let target = target(type)
    loadSignMask(type)
    a.movq(target.register.xmm, .r11)
    a.andps(.xmm14, target.register.xmm)
    a.andnps(target.register.xmm, .xmm15)
    a.orps(target.register.xmm, .xmm14)
    finish(target)
  }

  /// The bit of the sign, in `r11`.
  private func loadSignMask(_ type: ValueType) {
    if type == .f32 { a.mov(.r11d, Int32.min) } else { a.mov(.r11, Int64.min) }
  }

  // MARK: - One operand

  mutating func negate(_ type: ValueType) {
    var operand = pop()
    let result = ownVector(&operand)
    loadSignMask(type)
    a.movq(.xmm15, .r11)
    a.xorps(result.xmm, .xmm15)
    finish(type, in: result)
  }

  mutating func absolute(_ type: ValueType) {
    var operand = pop()
    let result = ownVector(&operand)
    loadSignMask(type)
    a.movq(.xmm15, .r11)
    a.andnps(.xmm15, result.xmm)
    a.movaps(result.xmm, .xmm15)
    finish(type, in: result)
  }

  mutating func round(_ type: ValueType, _ mode: RoundingMode) {
    var operand = pop()
    let source = use(&operand).xmm
    let target = localTarget(type)
    let result = target?.register ?? ownResult(operand)
    if type == .f32 { a.roundss(result.xmm, source, mode) } else { a.roundsd(result.xmm, source, mode) }
    finishOperation(type, result, target, operand, .constant(.i32, 0))
  }

  mutating func squareRoot(_ type: ValueType) {
    var operand = pop()
    let source = use(&operand).xmm
    let target = localTarget(type)
    let result = target?.register ?? ownResult(operand)
    if type == .f32 { a.sqrtss(result.xmm, source) } else { a.sqrtsd(result.xmm, source) }
    finishOperation(type, result, target, operand, .constant(.i32, 0))
  }

  /// Room for a result: the operand's own temporary, or another.
  private mutating func ownResult(_ operand: Operand) -> UInt8 {
    operand.kind == .register ? operand.register : takeVector()
  }
}
