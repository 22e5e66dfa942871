import Ftrace

extension TraceRuntime {
  /// Calls a function of one integer by its raw entry, without a gate or an adaptor of its own: for tests with very many functions.
  package func callDirectly(_ function: FunctionHandle, _ argument: Int) throws -> Int {
    typealias Function = @convention(c) (Int) -> Int
    // Safe: called inside, on a function that the caller holds and nobody redefines.
    let entry = unsafe unsafeBitCast(try function.rawEntry(), to: Function.self)
    return try withWorker { worker in worker.inside { entry(argument) } }
  }

  /// Defines `count` functions like `adder` from one image, under names that end in their numbers.
  package func manyAdders(_ count: Int, prefix: String = "f", adding number: Int32 = 1) throws -> [FunctionHandle] {
    let builder = FunctionBuilder(name: prefix, layout: TraceRuntime.threadLayout)
    builder.addsToArgument(number)
    var image = try builder.finish()
    return try (0..<count).map { index in
      image.name = "\(prefix)\(index)"
      return try define(image)
    }
  }
}
