/// Instructions whose form depends on the operands' values.
extension Assembler {
  /// `mov` of an immediate: the shortest form that gives the value.
  @usableFromInline
  final func emitMove(_ width: OperandWidth, _ register: UInt8, _ immediate: Int64) {
    switch width {
    case .byte: emit(.movRI8, .byte, plus: register, immediate: immediate)
    case .word, .dword: emit(.movRI, width, plus: register, immediate: immediate)
    case .qword:
      if immediate == Int64(UInt32(truncatingIfNeeded: immediate)) {
        // Writing the low half clears the high one.
        emit(.movRI, .dword, plus: register, immediate: immediate)
      } else if immediate == Int64(Int32(truncatingIfNeeded: immediate)) {
        emit(.movRmI, .qword, reg: 0, rm: register, immediate: immediate)
      } else {
        emit(.movabsRI, .qword, plus: register, immediate: immediate)
      }
    }
  }

  /// `xchg` of registers: one byte shorter beside the accumulator. `xchg eax, eax` is never `90`, which would be a `nop` and
  /// keep the upper half.
  @usableFromInline
  final func emitExchange(_ width: OperandWidth, _ left: UInt8, _ right: UInt8) {
    if width == .byte || (left | right) == 0 || (left != 0 && right != 0) {
      emit(.xchgRmR, width, reg: right, rm: left)
    } else {
      emit(.xchgAccR, width, plus: left | right)
    }
  }

  /// `test` of an immediate, for which the accumulator has a shorter form.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, testing register: UInt8, immediate: Int64) {
    if form == .testAccI {
      emit(form, width, immediate: immediate)
    } else {
      emit(form, width, reg: 0, rm: register, immediate: immediate)
    }
  }

  /// A shift: the form for a count of one has no immediate, and then the count is not written.
  @usableFromInline
  final func emit(_ form: Form, _ width: OperandWidth, counting count: UInt8, rm: UInt8) {
    emit(form, width, reg: 0, rm: rm, immediate: Int64(count))
  }

  /// The next instruction leaves the function, without an exit site.
  final func noteRawReturn() { unsafe state.pointee.rawReturns.append(unsafe state.pointee.place) }

  final func emitRawReturn(popping bytes: UInt16?) {
    noteRawReturn()
    if let bytes {
      emit(.retI16, immediate: Int64(bytes))
    } else {
      emit(.ret)
    }
  }
}
