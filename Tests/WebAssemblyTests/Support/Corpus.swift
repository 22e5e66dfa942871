import FoundationEssentials
import FtraceWasm
import Testing

/// A module of the folder `Corpus`.
struct CorpusModule: CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]

  var testDescription: String { name }

  /// Whether it is there because it was found by a fuzzer: it may be no valid module.
  var isCrash: Bool { name.hasPrefix("crash-") }

  /// All of them, in the order of their names.
  static let all: [CorpusModule] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Corpus")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return files.filter { $0.hasSuffix(".hex") }.sorted().map { file in
      let text = (try? String(contentsOf: folder.appending(path: file), encoding: .utf8)) ?? ""
      let digits = text.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: " ")
      return CorpusModule(name: String(file.dropLast(4)), bytes: hex(digits))
    }
  }()

  static func named(_ name: String) throws -> CorpusModule {
    try #require(all.first { $0.name == name }, "a module \(name) in the corpus")
  }
}

/// Bytes from hexadecimal digits; white space is ignored.
func hex(_ text: String) -> [UInt8] {
  let digits = text.compactMap(\.hexDigitValue)
  precondition(digits.count.isMultiple(of: 2), "pairs of digits")
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A module that consists of its header, 8 bytes, and sections in hexadecimal digits.
func module(_ sections: String) -> [UInt8] {
  hex("00 61 73 6D 01 00 00 00" + sections)
}

/// A module with one function of type `[] -> []`, whose locals and code are given; the locals begin at offset 24 if the
/// sizes fit in one byte each, the first instruction behind an empty vector of locals at 25.
func function(_ body: String, before: String = "", after: String = "") -> [UInt8] {
  let size = hex(body).count
  precondition(size < 126, "sizes of one byte")
  func digits(_ byte: Int) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
  return module(
    "01 04 01 60 00 00" + "03 02 01 00" + before + "0A \(digits(size + 2)) 01 \(digits(size))" + body + after)
}
