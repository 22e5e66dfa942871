import Ftrace
import FtraceDynamicCall

/// A function that is called by its name, with types that are read from the command line: `EmbeddingByName hypotenuse 3 4`.
@main
enum EmbeddingByName {
  static func main() throws {
    let runtime = try TraceRuntime()
    let doubles: [ValueClass] = [.double, .double]
    let hypotenuse = try runtime.define("hypotenuse", signature: Signature(doubles, returning: .double)) { f in
      f.entrySite()
      f.mulsd(.xmm0, .xmm0)
      f.mulsd(.xmm1, .xmm1)
      f.addsd(.xmm0, .xmm1)
      f.sqrtsd(.xmm0, .xmm0)
      f.functionReturn()
    }
    let arguments = CommandLine.arguments.dropFirst()
    let name = arguments.first ?? hypotenuse.name
    let values = arguments.isEmpty ? [3, 4] : arguments.dropFirst().compactMap(Double.init)
    do {
      let result = try runtime.call(name, values.map { .double($0) }, returning: .double)
      print("\(name)(\(values.map(\.description).joined(separator: ", "))) = \(result)")
    } catch {
      print("not called: \(error)")
    }
  }
}
