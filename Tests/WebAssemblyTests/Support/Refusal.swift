import FtraceWasm
import Testing

/// A module that must be refused, and how.
struct Refusal: CustomTestStringConvertible {
  let bytes: [UInt8]
  let kind: WasmModuleError.Kind
  let offset: Int
  let message: String

  init(_ bytes: [UInt8], _ kind: WasmModuleError.Kind, at offset: Int, _ message: String) {
    self.bytes = bytes
    self.kind = kind
    self.offset = offset
    self.message = message
  }

  var testDescription: String { "\(kind) at \(offset): \(message)" }

  func check() {
    #expect(throws: WasmModuleError(kind, at: offset, message)) {
      _ = try WasmModule(decoding: bytes).validate()
    }
  }
}
