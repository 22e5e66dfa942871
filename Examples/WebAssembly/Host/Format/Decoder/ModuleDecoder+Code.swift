extension ModuleDecoder {
  mutating func code(_ part: inout BytesReader) throws(WasmModuleError) {
    let begin = part.offset
    // A size, no locals and an `end` are three bytes.
    let count = try part.count(atMost: ImplementationLimits.functions, of: "functions", bytesEach: 3)
    guard count == definedFunctions else {
      throw .malformed("function and code section have inconsistent lengths", at: begin)
    }
    module.bodies.reserveCapacity(count)
    for _ in 0..<count {
      let place = part.offset
      let size = Int(try part.u32())
      guard size <= ImplementationLimits.functionBytes else {
        throw .beyondLimit(ImplementationLimits.functionBytes, of: "bytes in a function", at: place)
      }
      var body = try part.part(size)
      try locals(&body)
    }
  }

  private mutating func locals(_ body: inout BytesReader) throws(WasmModuleError) {
    let place = body.offset
    let firstRun = module.localRuns.count
    var total = 0
    // A run that declares no local is allowed, so there may be more runs than locals.
    let runs = try body.count(atMost: ImplementationLimits.functionBytes, of: "runs of locals", bytesEach: 2)
    for _ in 0..<runs {
      let count = Int(try body.u32())
      total += count
      guard total <= UInt32.max else { throw .malformed("too many locals", at: place) }
      let type = try body.valueType()
      if count > 0 { module.localRuns.append(LocalRun(count: count, type: type)) }
    }
    guard total <= ImplementationLimits.locals else {
      throw .beyondLimit(ImplementationLimits.locals, of: "locals", at: place)
    }
    let code = body.offset..<body.end
    guard !code.isEmpty else { throw .malformed("unexpected end of section or function", at: body.end) }
    module.bodies.append(
      FunctionBody(code: code, localRuns: firstRun..<module.localRuns.count, localCount: total))
  }
}
