import Ftrace
import FtraceDynamicCall
import FtraceTestSupport
import Testing

/// What cannot be called is refused before anything is called.
@Suite struct DynamicCallErrorTests {
  /// Hands out a function that takes an int32 and a double and returns a double; a call of it would crash the test.
  private func withScale(_ body: (TraceRuntime, FunctionHandle) throws -> Void) throws {
    try withRuntime { runtime in
      try body(
        runtime,
        try runtime.define("scale", signature: Signature([.int32, .double], returning: .double)) { $0.ud2() })
    }
  }

  @Test func unknownName() throws {
    try withScale { runtime, function in
      #expect {
        try runtime.call("scalar", returning: .double)
      } throws: { error in
        guard case DynamicCallError.engine(.unknownFunction("scalar", let nearest)) = error else { return false }
        return nearest == ["scale"] && "\(error)".contains("scale")
      }
    }
  }

  @Test(arguments: [[], [DynamicValue.int32(1)], [.int32(1), .double(2), .double(3)]])
  func wrongCount(values: [DynamicValue]) throws {
    try withScale { runtime, function in
      #expect {
        try runtime.call("scale", values, returning: .double)
      } throws: { error in
        guard case DynamicCallError.argumentCount("scale", expected: 2, let found) = error else { return false }
        return found == values.count
      }
      let call = try DynamicCall(function, [.int32, .double], returning: .double)
      #expect(throws: DynamicCallError.self) { try call(values) }
    }
  }

  @Test(arguments: [DynamicValue.int64(1), .uint32(1), .float(1), .pointer(0), .bool(true), .void])
  func wrongArgument(value: DynamicValue) throws {
    try withScale { runtime, function in
      #expect {
        try runtime.call("scale", [value, .double(1)], returning: .double)
      } throws: { error in
        guard case DynamicCallError.argumentType("scale", index: 0, expected: .int32, let found) = error else {
          return false
        }
        return found == value.type
      }
      let call = try DynamicCall(function, [.int32, .double], returning: .double)
      #expect(throws: DynamicCallError.self) { try call([value, .double(1)]) }
    }
  }

  @Test(arguments: [DynamicType.void, .float, .int64])
  func wrongResult(type: DynamicType) throws {
    try withScale { runtime, function in
      #expect {
        try runtime.call("scale", [.int32(1), .double(1)], returning: type)
      } throws: { error in
        guard case DynamicCallError.resultType("scale", expected: .double, let found) = error else { return false }
        return found == type
      }
    }
  }

  @Test func resultOfAFunctionWithout() throws {
    try withScale { runtime, function in
      let nothing = try runtime.define("nothing", signature: Signature()) { $0.ud2() }
      #expect {
        try DynamicCall(nothing, [], returning: .int32)
      } throws: { error in
        guard case DynamicCallError.resultType("nothing", expected: nil, found: .int32) = error else { return false }
        return true
      }
    }
  }

  /// Types of one class can stand for each other.
  @Test func sameClass() throws {
    try withScale { runtime, function in
      let identity = try runtime.define("identity", signature: Signature([.pointer], returning: UInt8.valueClass)) {
        f in
        f.mov(.rax, .rdi)
        f.functionReturn()
      }
      #expect(try DynamicCall(identity, [.uint64], returning: .bool)([.pointer(0x101)]) == .bool(true))
    }
  }

  /// Without a stated signature the gate copies no stack, so arguments must fit into registers.
  @Test func unstatedSignature() throws {
    try withScale { runtime, function in
      let sum = try runtime.define("sum") { f in
        f.lea(.rax, .base(.rdi, index: .r9, scale: .x1))
        f.functionReturn()
      }
      let six = Array(repeating: DynamicType.int64, count: 6)
      #expect(try DynamicCall(sum, six, returning: .int64)((1...6).map { .int($0) }) == .int(7))
      #expect(throws: DynamicCallError.self) { try DynamicCall(sum, six + [.int64], returning: .int64) }
      #expect {
        try runtime.call("sum", Array(repeating: .double(1), count: 9), returning: .double)
      } throws: { error in
        guard case DynamicCallError.signatureNeeded("sum") = error else { return false }
        return true
      }
    }
  }
}
