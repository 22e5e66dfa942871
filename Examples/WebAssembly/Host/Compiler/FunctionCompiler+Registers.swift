import FtraceX86Assembler

/// The operand stack, and who has which register.
///
/// A temporary register belongs to one operand. That of an operand that was popped stays taken, and cannot be spilled, until it is released.
extension FunctionCompiler {
  // MARK: - Taking registers

  /// A free temporary, not one of `excluded`. Spills the deepest operand where none is free. Flags stay as they are.
  mutating func takeGeneral(excluding excluded: RegisterSet = []) -> UInt8 {
    let free = freeGeneral.subtracting(excluded)
    if let register = free.intersection(Registers.preferred).first ?? free.first {
      freeGeneral.remove(RegisterSet(register))
      owners[Int(register)] = -1
      return register
    }
    let register = spillDeepest(from: 0, among: Registers.general.subtracting(excluded))
    freeGeneral.remove(RegisterSet(register))
    return register
  }

  mutating func takeVector(excluding excluded: RegisterSet = []) -> UInt8 {
    if let register = freeVectors.subtracting(excluded).first {
      freeVectors.remove(RegisterSet(register))
      owners[16 + Int(register)] = -1
      return register
    }
    let register = spillDeepest(from: 16, among: Registers.vectors.subtracting(excluded))
    freeVectors.remove(RegisterSet(register))
    return register
  }

  mutating func take(_ type: ValueType) -> UInt8 { type.isFloat ? takeVector() : takeGeneral() }

  /// Makes a certain temporary free and takes it. Whoever has it on the stack is moved; an operand that was popped does not have it.
  mutating func claim(_ register: UInt8, excluding excluded: RegisterSet = []) {
    if !freeGeneral.contains(RegisterSet(register)) {
      let height = Int(owners[Int(register)])
      precondition(height >= 0, "a register that is worked with cannot be claimed")
      let others = freeGeneral.subtracting(excluded)
      if let other = others.first {
        freeGeneral.remove(RegisterSet(other))
        owners[Int(other)] = Int32(height)
        move(stack[height].type, other, register)
        stack[height].register = other
      } else {
        spill(height)
      }
    }
    freeGeneral.remove(RegisterSet(register))
    owners[Int(register)] = -1
  }

  private mutating func spillDeepest(from base: Int, among set: RegisterSet) -> UInt8 {
    var (best, height) = (-1, Int32.max)
    for number in 0..<16 where set.contains(RegisterSet(UInt8(number))) {
      let owner = owners[base + number]
      if owner >= 0, owner < height { (best, height) = (number, owner) }
    }
    precondition(best >= 0, "an instruction needs no more registers than there are")
    spill(Int(height))
    owners[base + best] = -1
    return UInt8(best)
  }

  /// Stores an operand of the stack in its slot, and frees its register.
  mutating func spill(_ height: Int) {
    let operand = stack[height]
    store(operand, to: operandSlot(height))
    free(operand)
    stack[height] = .slot(operand.type, height)
  }

  private mutating func free(_ operand: Operand) {
    guard operand.kind == .register else { return }
    if operand.type.isFloat {
      freeVectors.insert(RegisterSet(operand.register))
    } else {
      freeGeneral.insert(RegisterSet(operand.register))
    }
  }

  // MARK: - The stack

  mutating func push(_ operand: Operand) {
    switch operand.kind {
    case .register: owners[Int(operand.register) + (operand.type.isFloat ? 16 : 0)] = Int32(stack.count)
    case .local: locals[Int(operand.index)].aliases += 1
    case .constant, .slot: break
    }
    stack.push(operand)
  }

  /// Takes the operand off the stack; its register stays taken until `release`.
  mutating func pop() -> Operand {
    let operand = stack.pop()
    switch operand.kind {
    case .register: owners[Int(operand.register) + (operand.type.isFloat ? 16 : 0)] = -1
    case .local: locals[Int(operand.index)].aliases -= 1
    case .constant, .slot: break
    }
    return operand
  }

  /// Gives back the register of an operand that was popped.
  mutating func release(_ operand: Operand) { free(operand) }

  mutating func drop() { release(pop()) }

  /// Drops operands down to a height; where code goes on, nothing below is in a register that was dropped.
  mutating func truncate(to height: Int) { while stack.count > height { drop() } }

  /// The register of an operand that was popped, for reading. If it was in none, it is loaded into a temporary that it then has.
  mutating func use(_ operand: inout Operand, excluding excluded: RegisterSet = []) -> UInt8 {
    if let register = register(of: operand) { return register }
    let register = operand.type.isFloat ? takeVector(excluding: excluded) : takeGeneral(excluding: excluded)
    load(operand, into: register)
    operand = .register(operand.type, register)
    return register
  }

  /// Gives each operand of the stack a place that stays what it is, whatever code comes: constants, and slots.
  mutating func settle(to height: Int = 0) {
    var index = stack.count
    while index > height {
      index -= 1
      let operand = stack[index]
      switch operand.kind {
      case .register: spill(index)
      case .local:
        locals[Int(operand.index)].aliases -= 1
        store(operand, to: operandSlot(index))
        stack[index] = .slot(operand.type, index)
      case .constant, .slot: break
      }
    }
  }

  /// Stores what is in temporaries: before a call.
  mutating func spillTemporaries() {
    if freeGeneral == Registers.general && freeVectors == Registers.vectors { return }
    for height in 0..<stack.count where stack[height].kind == .register { spill(height) }
  }

  /// Before a local changes: operands that stand for it get its value of now.
  mutating func detach(_ local: Int) {
    var index = stack.count
    while locals[local].aliases > 0 {
      index -= 1
      let operand = stack[index]
      guard operand.kind == .local, Int(operand.index) == local else { continue }
      locals[local].aliases -= 1
      let isFree = operand.type.isFloat ? !freeVectors.isEmpty : !freeGeneral.isEmpty
      if isFree {
        let register = take(operand.type)
        load(operand, into: register)
        stack[index] = .register(operand.type, register)
        owners[Int(register) + (operand.type.isFloat ? 16 : 0)] = Int32(index)
      } else {
        store(operand, to: operandSlot(index))
        stack[index] = .slot(operand.type, index)
      }
    }
  }

  // MARK: - Results

  /// Where a result goes: a temporary, or at once the local that the next instruction sets.
  struct Target: BitwiseCopyable {
    var register: UInt8
    var type: ValueType
    /// The local; -1: none.
    var local: Int32 = -1
    var isTee = false
  }

  /// The local that the next instruction sets, if it is in a register. The instruction is read then, and operands that stand for the local
  /// are detached; operands that were popped may still do so.
  mutating func localTarget(_ type: ValueType) -> Target? {
    let next = reader.next
    guard next == Opcode.localSet.rawValue || next == Opcode.localTee.rawValue else { return nil }
    let local = Int(reader.second)
    guard local < 0x80, locals[local].isInRegister else { return nil }
    _ = reader.opcode()
    _ = reader.byte()
    if locals[local].aliases > 0 { detach(local) }
    return Target(
      register: locals[local].register, type: type, local: Int32(local), isTee: next == Opcode.localTee.rawValue)
  }

  /// A target for a result that is computed into any register.
  mutating func target(_ type: ValueType) -> Target {
    localTarget(type) ?? Target(register: take(type), type: type)
  }

  /// The result is in the target's register.
  mutating func finish(_ target: Target) {
    if target.local < 0 {
      push(.register(target.type, target.register))
    } else if target.isTee {
      push(.local(target.type, Int(target.local)))
    }
  }

  /// A result that is in a temporary that is taken: goes to the local that the next instruction sets, or on the stack.
  mutating func finish(_ type: ValueType, in register: UInt8) {
    if let target = localTarget(type) {
      move(type, target.register, register)
      release(.register(type, register))
      finish(target)
    } else {
      push(.register(type, register))
    }
  }
}
