import FtraceWasm

/// Walks over each body with the reader that checks nothing, as a compiler does.
///
/// - Returns: the bodies in which it did not end where the code does, or saw other instructions than validation.
func strayWalks(of valid: ValidatedModule) -> [Int] {
  valid.module.bodies.indices.filter { index in
    let code = valid.module.bodies[index].code
    // The module is valid, and lives as long as `valid`.
    var reader = unsafe CodeReader(valid.module.bytes, at: code.lowerBound)
    var instructions = 0
    while unsafe reader.offset < code.upperBound {
      let opcode = unsafe reader.opcode()
      unsafe reader.skipImmediates(of: opcode)
      instructions += 1
    }
    return unsafe reader.offset != code.upperBound || instructions != valid.facts[index].instructions
  }
}
