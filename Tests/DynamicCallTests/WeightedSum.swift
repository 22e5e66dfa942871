import Ftrace
import FtraceDynamicCall

/// Functions that show where each of their arguments arrived: the sum of all, each times its position, counted from 1.
extension TraceRuntime {
  /// Defines the sum as a double, of arguments of any class. Integers have 32 or 64 bits and a sign.
  @discardableResult
  func defineWeightedSum(_ name: String, _ arguments: [DynamicType]) throws(FtraceError) -> FunctionHandle {
    let classes = arguments.compactMap(\.valueClass)
    return try define(name, signature: Signature(classes, returning: .double)) { f in
      f.entrySite()
      f.prologue()
      f.xorps(.xmm14, .xmm14)
      for (index, location) in CallingConvention.sysV.locations(of: classes).enumerated() {
        f.loadAsDouble(.xmm15, location, classes[index])
        f.mov(.rax, Int64(index + 1))
        f.cvtsi2sd(.xmm13, .rax)
        f.mulsd(.xmm15, .xmm13)
        f.addsd(.xmm14, .xmm15)
      }
      f.movsd(.xmm0, .xmm14)
      f.functionReturn()
    }
  }
}

extension FunctionBuilder {
  fileprivate func loadAsDouble(_ target: XMM, _ location: ArgumentLocation, _ valueClass: ValueClass) {
    let isNarrow = valueClass == .int32
    switch (location, valueClass) {
    case (.integerRegister(let register), _):
      mov(.rax, register)
      if isNarrow { movsxd(.rax, .eax) }
      cvtsi2sd(target, .rax)
    case (.vectorRegister(let register), .float): cvtss2sd(target, register)
    case (.vectorRegister(let register), _): movsd(target, register)
    case (.stack(let offset), .float): cvtss2sd(target, stackArgument(offset))
    case (.stack(let offset), .double): movsd(target, stackArgument(offset))
    case (.stack(let offset), _):
      if isNarrow { movsxd(.rax, stackArgument(offset)) } else { mov(.rax, stackArgument(offset)) }
      cvtsi2sd(target, .rax)
    }
  }
}

/// What the weighted sum of these values is.
func weightedSum(_ values: [DynamicValue]) -> Double {
  values.enumerated().reduce(0) { sum, element in
    let value: Double =
      switch element.element {
      case .int32(let value): Double(value)
      case .int64(let value): Double(value)
      case .float(let value): Double(value)
      case .double(let value): value
      default: .nan
      }
    return sum + Double(element.offset + 1) * value
  }
}
