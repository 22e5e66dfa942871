import FtraceTestSupport
import FtraceWasm
import Testing

/// More values than registers, and calls whose arguments are each other's.
@Suite("values and registers") struct RegisterTests {
  @Test("more operands than registers are spilled, and found again", arguments: [1, 5, 7, 12, 40])
  func spills(count: Int) throws {
    try withRuntime(.atEmission) { runtime in
      // (p0 + 1) - ((p0 + 2) - (... )): all of them are on the stack before the first subtraction.
      let body =
        (1...count).flatMap { Code.get(0) + Code.i64(Int64($0)) + Code.op(.i64Add) }
        + (1..<count).flatMap { _ in Code.op(.i64Sub) }
      var module = TestModule()
      module.functions = [.init(name: "f", type: .init(parameters: [.i64], results: [.i64]), body: body)]
      let instance = try TestInstance(module, in: runtime)
      let expected = (1...count).reversed().reduce(nil as Int64?) { sum, term in
        let value = 100 + Int64(term)
        return sum.map { value - $0 } ?? value
      }
      #expect(try instance.call("f", .i64(100)) == [.i64(UInt64(bitPattern: expected ?? 0))])
    }
  }

  @Test("arguments change places: rotations, reversals, repetitions, of both classes and on the stack")
  func permutations() throws {
    try withRuntime(.atEmission) { runtime in
      let types: [ValueType] = (0..<20).map { $0 % 2 == 0 ? .i64 : .f64 }
      // Each argument weighs as much as its place: every permutation has another sum.
      func weigh(_ order: [Int]) -> [UInt8] {
        var code = Code.f64(0)
        for (place, local) in order.enumerated() {
          code += Code.get(local) + (types[local] == .i64 ? Code.op(.f64ConvertI64S) : [])
          code += Code.f64(Double(place + 1)) + Code.op(.f64Mul) + Code.op(.f64Add)
        }
        return code
      }
      // As locals, or as temporaries, which are in other arguments' registers; remainders and shifts ask for certain ones.
      func operand(_ local: Int, _ number: Int) -> [UInt8] {
        guard types[local] == .i64, number % 2 == 1 else { return Code.get(local) }
        switch (local / 2 + number / 2) % 3 {
        case 0: return Code.get(local) + Code.i64(0) + Code.op(.i64Or)
        case 1: return Code.get(local) + Code.i64(1_000_003) + Code.op(.i64RemS)
        default: return Code.get(local) + Code.get(0) + Code.get(0) + Code.op(.i64Sub) + Code.op(.i64Shl)
        }
      }
      var generator = SeededGenerator(seed: 7)
      var module = TestModule()
      let type = FunctionType(parameters: types, results: [.f64])
      module.functions = [.init(name: "weigh", type: type, body: weigh(Array(0..<20)))]
      var orders: [[Int]] = []
      for number in 0..<60 {
        let integers =
          number == 0
          ? Array(stride(from: 18, through: 0, by: -2)) : stride(from: 0, to: 20, by: 2).shuffled(using: &generator)
        let floats = stride(from: 1, to: 20, by: 2).shuffled(using: &generator)
        var order = zip(integers, floats).flatMap { [$0, $1] }
        if number % 3 == 0 { order[4] = order[0] }  // one value in two places
        orders.append(order)
        module.functions.append(
          .init(name: "f\(number)", type: type, body: order.flatMap { operand($0, number) } + Code.call(0)))
      }
      let instance = try TestInstance(module, in: runtime)
      let values = (0..<20).map { Double($0 * $0 + 3) }
      let arguments = (0..<20).map {
        types[$0] == .i64 ? WasmValue.i64(UInt64(values[$0])) : .f64(values[$0].bitPattern)
      }
      for (number, order) in orders.enumerated() {
        let expected = order.enumerated().reduce(0.0) { $0 + values[$1.element] * Double($1.offset + 1) }
        let function = try #require(instance.instance.function(WasmName("f\(number)")))
        #expect(try instance.store.call(function, arguments) == [.f64(expected.bitPattern)], "\(order)")
      }
    }
  }

  @Test("temporaries that are in each other's argument registers change places", arguments: 2...6)
  func circles(count: Int) throws {
    try withRuntime(.atEmission) { runtime in
      let type = FunctionType(parameters: Array(repeating: .i64, count: count), results: [.i64])
      var digits = Code.i64(0)
      for local in 0..<count {
        digits += Code.i64(10) + Code.op(.i64Mul) + Code.get(local) + Code.op(.i64Add)
      }
      var module = TestModule()
      module.functions = [
        .init(name: "digits", type: type, body: digits),
        .init(
          name: "f", type: type,
          body: (0..<count).flatMap { Code.get($0) + Code.i64(1) + Code.op(.i64Add) } + Code.call(0)),
      ]
      let instance = try TestInstance(module, in: runtime)
      let function = try #require(instance.instance.function("f"))
      let found = try instance.store.call(function, (0..<count).map { .i64(UInt64($0)) })
      #expect(found == [.i64((1...count).reduce(0) { $0 * 10 + UInt64($1) })])
    }
  }

  @Test("an operand keeps the value that its local had, whatever becomes of the local")
  func aliases() throws {
    try withRuntime(.atEmission) { runtime in
      var module = TestModule()
      // The old value under a block that changes the local on one of two ways.
      let body =
        Code.get(0) + [0x02, 0x40] + Code.get(1) + [0x0D, 0] + Code.i32(1000) + Code.set(0) + [0x0B] + Code.get(0)
        + Code.i32(2000) + Code.set(0) + Code.op(.i32Add)
      module.functions = [.init(name: "f", type: .init(parameters: [.i32, .i32], results: [.i32]), body: body)]
      let instance = try TestInstance(module, in: runtime)
      #expect(try instance.call("f", .i32(5), .i32(1)) == [.i32(10)])
      #expect(try instance.call("f", .i32(5), .i32(0)) == [.i32(1005)])
    }
  }

  @Test("locals in registers outlive calls, in functions that recur")
  func locals() throws {
    try withRuntime(.atEmission) { runtime in
      var module = TestModule()
      // f(n, a, b, c, x) = n == 0 ? 0 : f(n - 1, b, c, a, x + 1) + a + 2b + 3c + x, with everything used after the call.
      let body: [UInt8] =
        Code.get(0) + Code.op(.i32Eqz) + [0x04, 0x7C] + Code.f64(0) + [0x05]
        + Code.get(0) + Code.i32(1) + Code.op(.i32Sub) + Code.get(2) + Code.get(3) + Code.get(1) + Code.get(4)
        + Code.f64(1) + Code.op(.f64Add) + Code.call(0)
        + (1...3).flatMap {
          Code.get($0) + Code.i32(Int32($0)) + Code.op(.i32Mul) + Code.op(.f64ConvertI32S) + Code.op(.f64Add)
        }
        + Code.get(4) + Code.op(.f64Add) + [0x0B]
      module.functions = [
        .init(name: "f", type: .init(parameters: [.i32, .i32, .i32, .i32, .f64], results: [.f64]), body: body)
      ]
      let instance = try TestInstance(module, in: runtime)
      func reference(_ n: Int, _ a: Double, _ b: Double, _ c: Double, _ x: Double) -> Double {
        n == 0 ? 0 : reference(n - 1, b, c, a, x + 1) + a + 2 * b + 3 * c + x
      }
      let found = try instance.call("f", .i32(50), .i32(3), .i32(5), .i32(7), .f64((0.5).bitPattern))
      #expect(found == [.f64(reference(50, 3, 5, 7, 0.5).bitPattern)])
    }
  }
}
