import FtraceX86Assembler

/// Locals, globals, constants.
extension FunctionCompiler {
  mutating func localGet(_ index: Int) { push(.local(locals[index].type, index)) }

  mutating func localSet(_ index: Int, isTee: Bool) {
    let operand = pop()
    if locals[index].aliases > 0 { detach(index) }
    let home = locals[index]
    let isItself = operand.kind == .local && Int(operand.index) == index
    if !isItself {
      if home.isInRegister { load(operand, into: home.register) } else { store(operand, to: localSlot(index)) }
    }
    if isTee, operand.kind == .register, !home.isInRegister {
      push(operand)  // it stays in its register
      return
    }
    release(operand)
    if isTee { push(.local(home.type, index)) }
  }

  mutating func globalGet(_ index: Int) {
    let type = layout.globalTypes[index]
    let target = target(type)
    load(type, target.register, global(index))
    finish(target)
  }

  mutating func globalSet(_ index: Int) {
    var value = pop()
    let place = Mem.base(Registers.context, layout.global(index))
    if index < layout.importedGlobals {
      // Constants and memory go by way of r11, which holds the address.
      let register = use(&value)
      a.mov(.r11, place)
      store(value.type, .base(.r11), register)
    } else {
      store(value, to: place)
    }
    release(value)
  }

  /// The place of a global: behind a pointer, which is loaded into `r11`, if it is another instance's.
  private func global(_ index: Int) -> Mem {
    let place = Mem.base(Registers.context, layout.global(index))
    guard index < layout.importedGlobals else { return place }
    a.mov(.r11, place)
    return .base(.r11)
  }
}
