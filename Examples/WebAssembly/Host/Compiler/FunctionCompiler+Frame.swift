import CFtraceWasm
import FtraceEngine
import FtraceX86Assembler

/// The frame: below rbp the context (where calls may change it), saved registers, a slot for each local, a slot for each operand.
extension FunctionCompiler {
  /// Frames up to this size are compared with the limit by where they begin.
  private static let smallFrame: Int32 = 1024

  /// Decides where locals are, and how large the frame is.
  mutating func settleLocals(_ runs: ArraySlice<LocalRun>) {
    for index in 0..<Int(type.parameterCount) {
      locals.push(LocalHome(type: layout.places[Int(type.firstParameter) + index].type))
    }
    for run in runs {
      for _ in 0..<run.count { locals.push(LocalHome(type: run.type)) }
    }
    assignRegisters()
    keepsContext = survey.leavesInstance
    // Functions that were left by an exception have not restored them: who catches it does that for its caller.
    if facts.catchesExceptions { for number in Registers.preserved { savedRegisters.insert(RegisterSet(number)) } }
    firstLocal = (keepsContext ? 8 : 0) + Int32(savedRegisters.rawValue.nonzeroBitCount) * 8
    let bytes = Int(firstLocal) + (locals.count + survey.height) * 8
    frameBytes = Int32((bytes + 15) & ~15)
  }

  /// The locals that are used most get the registers, if that saves more than it costs.
  private mutating func assignRegisters() {
    let calls = survey.callWeight
    let lostMinimum = calls == 0 ? 1 : calls.multipliedReportingOverflow(by: 2).overflow ? .max : calls * 2 + 1
    var general = RankedLocals<8>()
    var vectors = RankedLocals<8>()
    for index in 0..<locals.count {
      let weight = survey.weights[index]
      if weight == 0 { continue }
      if locals[index].type.isFloat { vectors.add(index, weight) } else { general.add(index, weight) }
    }
    // Without calls those come first that need not be saved.
    var candidates: InlineArray<5, (UInt8, UInt32)> = .init(repeating: (0, 0))
    for position in 0..<5 {
      let isLost = calls == 0 ? position < 2 : position >= 3
      let number =
        isLost
        ? Registers.lostGeneral[calls == 0 ? position : position - 3]
        : Registers.preserved[calls == 0 ? position - 2 : position]
      candidates[position] = (number, isLost ? lostMinimum : 3)
    }
    for position in 0..<min(5, general.count) {
      let (number, minimum) = candidates[position]
      guard general.weights[position] >= minimum else { continue }
      locals[Int(general.indices[position])].register = number
      if Registers.preserved.contains(number) {
        savedRegisters.insert(RegisterSet(number))
      } else {
        addLost(general.indices[position])
      }
    }
    for position in 0..<min(Registers.lostVectors.count, vectors.count)
    where vectors.weights[position] >= lostMinimum {
      locals[Int(vectors.indices[position])].register = Registers.lostVectors[position]
      addLost(vectors.indices[position])
    }
  }

  private mutating func addLost(_ local: Int32) {
    lostLocals[lostLocalCount] = local
    lostLocalCount += 1
  }

  /// The slot of a local.
  func localSlot(_ index: Int) -> Mem { .base(.rbp, -firstLocal - Int32(index + 1) * 8) }

  /// The slot of an operand at a height.
  func operandSlot(_ height: Int) -> Mem { .base(.rbp, -firstLocal - Int32(locals.count + height + 1) * 8) }

  /// Where the context is kept.
  var contextSlot: Mem { .base(.rbp, -8) }

  mutating func emitPrologue() {
    a.entrySite()
    if survey.callWeight > 0 || frameBytes > Self.smallFrame { checkStack() }
    a.push(.rbp)
    a.mov(.rbp, .rsp)
    if frameBytes > 0 { a.sub(.rsp, frameBytes) }
    if keepsContext { a.mov(contextSlot, Registers.context) }
    forEachSaved { a, place, number in a.mov(place, number.r64) }
    placeParameters()
    clearLocals()
  }

  private mutating func checkStack() {
    if frameBytes <= Self.smallFrame {
      a.cmp(.rsp, .fs(a.layout.stackLimit))
    } else {
      a.lea(.r11, .base(.rsp, -frameBytes))
      a.cmp(.r11, .fs(a.layout.stackLimit))
    }
    let (slow, back) = (a.label(), a.label())
    a.j(.be, slow)
    a.bind(back)
    stackCheck = (slow.id, back.id)
  }

  /// What the check of the stack branches to.
  private func emitStackCheck() {
    guard let stackCheck else { return }
    a.bind(a.label(numbered: stackCheck.slow))
    if frameBytes <= Self.smallFrame { a.mov(.r11, .rsp) }
    a.call(stubs.stackCheck)
    a.jmp(a.label(numbered: stackCheck.back))
  }

  private func forEachSaved(_ body: (FunctionBuilder, Mem, UInt8) -> Void) {
    var place: Int32 = keepsContext ? -16 : -8
    for number in Registers.preserved where savedRegisters.contains(RegisterSet(number)) {
      body(a, .base(.rbp, place), number)
      place -= 8
    }
  }

  /// Moves parameters to their homes.
  private func placeParameters() {
    let first = Int(type.firstParameter)
    var last: Int?  // r9 is the sixth parameter, and a home: of whichever it is, it is written last
    for index in 0..<Int(type.parameterCount) {
      if locals[index].register == 9, !locals[index].type.isFloat {
        last = index
      } else {
        placeParameter(index, layout.places[first + index])
      }
    }
    if let last { placeParameter(last, layout.places[first + last]) }
  }

  private func placeParameter(_ index: Int, _ place: ArgumentPlace) {
    let home = locals[index]
    if place.register == ArgumentPlace.stack {
      let source = Mem.base(.rbp, 16 + place.offset)
      if home.isInRegister {
        load(home.type, home.register, source)
      } else {
        a.mov(.r11, source)
        a.mov(localSlot(index), .r11)
      }
    } else if home.isInRegister {
      move(home.type, home.register, place.register & 15)
    } else {
      store(home.type, localSlot(index), place.register & 15)
    }
  }

  /// Locals that are no parameters begin as zero.
  private func clearLocals() {
    let first = Int(type.parameterCount)
    var inMemory = 0
    for index in first..<max(first, locals.count) {
      let home = locals[index]
      if !home.isInRegister {
        inMemory += 1
      } else if home.type.isFloat {
        a.xorps(home.register.xmm, home.register.xmm)
      } else {
        a.xor(home.register.r32, home.register.r32)
      }
    }
    if inMemory == 0 { return }
    if inMemory <= 2 {
      for index in first..<locals.count where !locals[index].isInRegister { a.mov(.qword, localSlot(index), 0) }
    } else if locals.count - first <= 64 {
      a.xorps(.xmm15, .xmm15)
      var index = locals.count - 1
      while index > first {
        a.movups(localSlot(index), .xmm15)  // and the one before, which lies above
        index -= 2
      }
      if index == first { a.movq(localSlot(index), .xmm15) }
    } else {
      a.lea(.rdi, localSlot(locals.count - 1))
      a.mov(.ecx, Int32(locals.count - first))
      a.xor(.eax, .eax)
      a.repStosq()
    }
  }

  mutating func emitEpilogue() {
    a.bind(returnLabel)
    leaveFrame()
    a.functionReturn(popping: UInt16(type.stackBytes))
    emitStackCheck()
  }

  /// Restores what callees preserve, and undoes the frame.
  func leaveFrame() {
    restoreSaved()
    a.leave()
  }

  func restoreSaved() { forEachSaved { a, place, number in a.mov(number.r64, place) } }
}

/// The locals that are used most, in order.
private struct RankedLocals<let capacity: Int> {
  private(set) var count = 0
  private(set) var indices: InlineArray<capacity, Int32> = .init(repeating: 0)
  private(set) var weights: InlineArray<capacity, UInt32> = .init(repeating: 0)

  mutating func add(_ index: Int, _ weight: UInt32) {
    if count == capacity, weights[count - 1] >= weight { return }
    if count < capacity { count += 1 }
    var place = count - 1
    while place > 0, weights[place - 1] < weight {
      indices[place] = indices[place - 1]
      weights[place] = weights[place - 1]
      place -= 1
    }
    indices[place] = Int32(truncatingIfNeeded: index)
    weights[place] = weight
  }
}
