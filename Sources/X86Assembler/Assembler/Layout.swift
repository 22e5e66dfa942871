/// Where everything ends up: the sizes of branches and paddings, and the map from offsets before to offsets after.
///
/// All branches start short, and those that do not reach become near, until none changes. A branch never goes back to short, so
/// this ends; and because no size is ever larger than the one emitted, no place is ever after the one it was emitted at.
struct Layout {
  /// For each number of fragments before a place, how far the place moves towards the start.
  private var shifts: [Int32]
  /// For each fragment, its final size.
  private var sizes: [Int32]
  let count: Int

  init(_ state: AssemblerState, name: (UInt32) -> String) throws(AssemblerError) {
    let fragments = state.fragments
    shifts = [Int32](repeating: 0, count: fragments.count + 1)
    sizes = fragments.map { $0.isPadding ? 0 : 2 }
    count = state.count
    if fragments.isEmpty { return }
    for fragment in fragments where !fragment.isPadding && state.labels[Int(fragment.operand)].place == nil {
      throw .unboundLabel(name: name(fragment.operand), offset: Int(fragment.offset))
    }
    repeat { place(fragments) } while widen(state)
  }

  /// Computes the paddings and shifts that the sizes of branches give.
  private mutating func place(_ fragments: [Fragment]) {
    var shift: Int32 = 0
    for (index, fragment) in fragments.enumerated() {
      shifts[index] = shift
      switch fragment.kind {
      case .alignment: sizes[index] = -(fragment.offset - shift) & Int32(fragment.operand - 1)
      case .exitSite: sizes[index] = ExitSite.padding(at: fragment.offset - shift)
      case .jump, .conditionalJump: break
      }
      shift += fragment.size - sizes[index]
    }
    shifts[fragments.count] = shift
  }

  /// Makes near the short branches that do not reach. True if there were any.
  private mutating func widen(_ state: AssemblerState) -> Bool {
    var changed = false
    for (index, fragment) in state.fragments.enumerated() where !fragment.isPadding && sizes[index] == 2 {
      let distance = distance(index, fragment, state)
      if distance != Int(Int8(truncatingIfNeeded: distance)) {
        sizes[index] = fragment.size
        changed = true
      }
    }
    return changed
  }

  /// The final offset of a place.
  func final(_ place: Place) -> Int { Int(place.offset - shifts[Int(place.fragment)]) }

  /// The distance from the end of a branch to its label, which is bound.
  private func distance(_ index: Int, _ fragment: Fragment, _ state: AssemblerState) -> Int {
    guard let target = state.labels[Int(fragment.operand)].place else { return 0 }
    return final(target) - (Int(fragment.offset - shifts[index]) + Int(sizes[index]))
  }
}

extension Layout {
  /// The final bytes.
  func bytes(_ state: AssemblerState, name: (UInt32) -> String) throws(AssemblerError) -> [UInt8] {
    let values = try referenceValues(state, name: name)
    let total = count - Int(shifts[state.fragments.count])
    return unsafe [UInt8](unsafeUninitializedCapacity: total) { output, written in
      guard let to = output.baseAddress else { return }
      // Every source range lies in the emitted bytes, and its destination, no later, in the output; together the ranges and
      // the fragments cover the output without a gap.
      var source = 0
      for (index, fragment) in state.fragments.enumerated() {
        let start = Int(fragment.offset - shifts[index])
        unsafe (to + (source - Int(shifts[index]))).initialize(
          from: state.base + source, count: Int(fragment.offset) - source)
        unsafe write(fragment, index, state, to + start)
        source = Int(fragment.offset + fragment.size)
      }
      let last = Int(shifts[state.fragments.count])
      unsafe (to + (source - last)).initialize(from: state.base + source, count: count - source)
      for (reference, value) in zip(state.references, values) {
        let field = unsafe UnsafeMutableRawPointer(to + final(reference.place))
        if reference.isByte {
          unsafe field.storeBytes(of: Int8(truncatingIfNeeded: value), as: Int8.self)
        } else {
          unsafe field.storeBytes(of: value, as: Int32.self)
        }
      }
      written = total
    }
  }

  /// Writes a fragment's final bytes at `to`, which has room for its final size.
  private func write(_ fragment: Fragment, _ index: Int, _ state: AssemblerState, _ to: UnsafeMutablePointer<UInt8>) {
    let size = Int(sizes[index])
    if fragment.isPadding {
      unsafe Nop.fill(to, size)
      return
    }
    let distance = distance(index, fragment, state)
    if size == 2 {
      unsafe to[0] = fragment.kind == .jump ? 0xEB : 0x70 | fragment.condition
      unsafe to[1] = UInt8(truncatingIfNeeded: distance)
      return
    }
    if fragment.kind == .jump {
      unsafe to[0] = 0xE9
    } else {
      unsafe to[0] = 0x0F
      unsafe to[1] = 0x80 | fragment.condition
    }
    unsafe UnsafeMutableRawPointer(to + (size - 4)).storeBytes(of: Int32(distance), as: Int32.self)
  }

  /// The values of the fields that refer to labels.
  private func referenceValues(_ state: AssemblerState, name: (UInt32) -> String) throws(AssemblerError) -> [Int32] {
    var values: [Int32] = []
    values.reserveCapacity(state.references.count)
    for reference in state.references {
      let at = final(reference.place)
      guard let target = state.labels[Int(reference.label)].place else {
        throw .unboundLabel(name: name(reference.label), offset: Int(reference.place.offset))
      }
      let from: Int
      switch reference.base {
      case .end(let bytes): from = at + Int(bytes)
      case .label(let base):
        guard let place = state.labels[Int(base)].place else {
          throw .unboundLabel(name: name(base), offset: Int(reference.place.offset))
        }
        from = final(place)
      }
      let distance = final(target) - from + Int(reference.addend)
      let fits = reference.isByte ? Int8(exactly: distance) != nil : Int32(exactly: distance) != nil
      if !fits {
        throw .outOfReach(
          name: name(reference.label), offset: Int(reference.place.offset), distance: distance,
          bits: reference.isByte ? 8 : 32)
      }
      values.append(Int32(distance))
    }
    return values
  }
}
