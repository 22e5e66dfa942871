extension Assembler {
  /// A new label, to be bound once. The name is for error messages.
  public final func label(_ name: String = "") -> Label {
    let id = unsafe state.pointee.labels.count
    unsafe state.pointee.labels.append(LabelRecord(name: name, place: nil))
    return Label(id: UInt32(id), owner: unsafe state.pointee.owner)
  }

  /// Binds a label to the next byte. Binding twice, or binding another assembler's label, traps.
  public final func bind(_ label: Label) {
    check(label)
    let id = Int(label.id)
    precondition(unsafe state.pointee.labels[id].place == nil, "\(name(of: label.id)) is already bound")
    unsafe state.pointee.labels[id].place = unsafe state.pointee.place
  }

  /// The label of a number, as `Label.id` gave it: for who keeps numbers. A number that was not given out traps.
  public final func label(numbered id: UInt32) -> Label {
    precondition(unsafe id < state.pointee.labels.count, "no label has that number")
    return Label(id: id, owner: unsafe state.pointee.owner)
  }

  /// A new label that is bound to the next byte.
  public final func here(_ name: String = "") -> Label {
    let label = label(name)
    bind(label)
    return label
  }

  /// The name that a label was given, or its number.
  final func name(of id: UInt32) -> String {
    let name = unsafe state.pointee.labels[Int(id)].name
    return name.isEmpty ? "L\(id)" : name
  }

  // MARK: - Branches

  /// Jumps to a label.
  public final func jmp(_ label: Label) { branch(to: label, kind: .jump, condition: 0) }

  /// Jumps to a label if the condition holds.
  public final func j(_ condition: Condition, _ label: Label) {
    branch(to: label, kind: .conditionalJump, condition: condition.rawValue)
  }

  /// Jumps to a label if `rcx` is zero. The label must be within 127 bytes: `finish()` throws `outOfReach` otherwise.
  public final func jrcxz(_ label: Label) {
    check(label)
    emit(.jrcxzRel8)
    let at = Place(
      offset: Int32(truncatingIfNeeded: offset - 1), fragment: unsafe UInt32(state.pointee.fragments.count))
    unsafe state.pointee.references.append(
      LabelReference(place: at, label: label.id, base: .end(bytes: 1), addend: 0, isByte: true))
  }

  /// Calls a label.
  public final func call(_ label: Label) {
    check(label)
    emit(.callRel32)
    let at = Place(
      offset: Int32(truncatingIfNeeded: offset - 4), fragment: unsafe UInt32(state.pointee.fragments.count))
    unsafe state.pointee.references.append(
      LabelReference(place: at, label: label.id, base: .end(bytes: 4), addend: 0))
  }

  final func check(_ label: Label) {
    precondition(
      unsafe label.owner == state.pointee.owner, "the label belongs to another assembler, or was made before a reset")
  }

  final func branch(to label: Label, kind: Fragment.Kind, condition: UInt8) {
    check(label)
    let fragments = unsafe UInt32(truncatingIfNeeded: state.pointee.fragments.count)
    if let target = unsafe state.pointee.labels[Int(label.id)].place, target.fragment == fragments {
      // Nothing between the label and here changes its size: the distance is final.
      let distance = Int64(target.offset) - Int64(offset)
      if distance - 2 >= -128 {
        branch(kind, condition, short: true, distance: distance - 2)
      } else {
        branch(kind, condition, short: false, distance: distance - (kind == .jump ? 5 : 6))
      }
      return
    }
    let start = offset
    branch(kind, condition, short: false, distance: 0)
    unsafe state.pointee.fragments.append(
      Fragment(
        offset: Int32(truncatingIfNeeded: start), size: kind == .jump ? 5 : 6, kind: kind, condition: condition,
        operand: label.id))
  }

  private final func branch(_ kind: Fragment.Kind, _ condition: UInt8, short: Bool, distance: Int64) {
    let form: Form =
      kind == .jump ? (short ? .jmpRel8 : .jmpRel32) : (short ? .jccRel8 : .jccRel32)
    let word = word(form, .dword)
    let p = unsafe opening(
      word, rex: 0, registers: 0, shift: UInt32(condition) << word.lastOpcodeShift)
    unsafe close(p, word, distance)
  }
}
