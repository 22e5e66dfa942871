import Ftrace
import FtraceDynamicCall
import FtraceTestSupport
import Testing

@Suite struct DynamicCallTests {
  @Test(arguments: 0...9, [DynamicType.int64, .int32, .double, .float])
  func oneTypeOfArguments(count: Int, type: DynamicType) throws {
    try withRuntime { runtime in
      let types = Array(repeating: type, count: count)
      try runtime.defineWeightedSum("sum", types)
      let values = (0..<count).map { sample(type, -3 + 7 * $0) }
      #expect(try runtime.call("sum", values, returning: .double) == .double(weightedSum(values)))
    }
  }

  /// More than six integers and eight vectors, so that both kinds reach the stack, in the order of the arguments.
  @Test func mixedArguments() throws {
    try withRuntime { runtime in
      let cycle: [DynamicType] = [.int64, .double, .int32, .float]
      let types = (0..<30).map { (index: Int) -> DynamicType in cycle[(index * index + index / 3) % 4] }
      try runtime.defineWeightedSum("sum", types)
      let values = types.enumerated().map { sample($1, 5 - 2 * $0) }
      #expect(try runtime.call("sum", values, returning: .double) == .double(weightedSum(values)))
    }
  }

  /// What a function leaves above a narrow result does not matter.
  @Test(arguments: [
    (DynamicType.int8, DynamicValue.int8(-0x11)), (.uint8, .uint8(0xEF)), (.int16, .int16(-0x3211)),
    (.uint16, .uint16(0xCDEF)), (.int32, .int32(-0x7654_3211)), (.uint32, .uint32(0x89AB_CDEF)),
    (.int64, .int64(0x0123_4567_89AB_CDEF)), (.uint64, .uint64(0x0123_4567_89AB_CDEF)), (.bool, .bool(true)),
    (.pointer, .pointer(0x0123_4567_89AB_CDEF)),
  ])
  func narrowResult(type: DynamicType, expected: DynamicValue) throws {
    try withRuntime { runtime in
      let function = try runtime.define("bits", signature: Signature(returning: type.valueClass)) { f in
        f.mov(.rax, 0x0123_4567_89AB_CDEF)
        f.functionReturn()
      }
      #expect(try runtime.call("bits", returning: type) == expected)
      try runtime.redefine(function) { f in
        f.mov(.rax, 0x0123_4567_0000_0000)
        f.functionReturn()
      }
      if type == .bool { #expect(try runtime.call("bits", returning: type) == .bool(false)) }
    }
  }

  @Test(arguments: [
    DynamicValue.int8(-2), .uint8(254), .int16(-2), .uint16(65534), .int32(-2), .uint32(0xFFFF_FFFE), .int64(-2),
    .uint64(.max), .bool(true), .bool(false), .pointer(0x1234_5678_9ABC),
  ])
  func integerArgumentAndResult(value: DynamicValue) throws {
    try withRuntime { runtime in
      let signature = Signature([value.type.valueClass].compactMap { $0 }, returning: value.type.valueClass)
      _ = try runtime.define("identity", signature: signature) { f in
        f.mov(.rax, .rdi)
        f.functionReturn()
      }
      #expect(try runtime.call("identity", [value], returning: value.type) == value)
    }
  }

  @Test func floatsAreNotDoubles() throws {
    try withRuntime { runtime in
      let half = try runtime.define("half", signature: Signature([.float], returning: .float)) { f in
        f.addss(.xmm0, .xmm0)
        f.functionReturn()
      }
      let call = try DynamicCall(half, [.float], returning: .float)
      #expect(try call([.float(0.75)]) == .float(1.5))
    }
  }

  @Test func noResult() throws {
    try withRuntime { runtime in
      _ = try runtime.define("store", signature: Signature([.pointer, .int32])) { f in
        f.mov(.base(.rdi), .esi)
        f.functionReturn()
      }
      var cell: Int32 = 0
      // The function stores through the pointer while it is valid.
      let result = try unsafe withUnsafeMutablePointer(to: &cell) { pointer in
        try runtime.call("store", [.pointer(UInt(bitPattern: pointer)), .int32(-7)])
      }
      #expect(result == .void)
      #expect(cell == -7)
    }
  }

  /// A prepared call follows the function through its life, and is shared by threads.
  @Test func preparedCallStaysValid() throws {
    try withRuntime { runtime in
      let function = try runtime.define("f", signature: Signature([.int64], returning: .int64)) { f in
        f.entrySite()
        f.lea(.rax, .base(.rdi, 1))
        f.functionReturn()
      }
      let call = try runtime.dynamicCall("f", [.int64], returning: .int64)
      onThreads(4) { thread in
        for index in 0..<100 {
          let result = try? call([.int(thread * index)])
          #expect(result == .int(thread * index + 1))
        }
      }
      try runtime.rename(function, to: "g")
      try runtime.redefine(function) { f in
        f.entrySite()
        f.lea(.rax, .base(.rdi, 2))
        f.functionReturn()
      }
      #expect(try call([.int(40)]) == .int(42))
    }
  }

  private func sample(_ type: DynamicType, _ number: Int) -> DynamicValue {
    switch type {
    case .int32: .int32(Int32(number))
    case .int64: .int64(Int64(number) << 33)
    case .float: .float(Float(number) / 4)
    default: .double(Double(number) / 8)
    }
  }
}
