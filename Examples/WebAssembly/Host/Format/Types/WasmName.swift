/// A name in a module. Two names are equal if their bytes are: not, as with `String`, if they are canonically equivalent.
package struct WasmName: Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  package let string: String

  package init(_ string: String) {
    self.string = string
  }

  package init(stringLiteral value: String) {
    string = value
  }

  package var description: String { string }
}

extension WasmName: Hashable {
  package static func == (left: WasmName, right: WasmName) -> Bool {
    left.string.utf8.elementsEqual(right.string.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    for byte in string.utf8 { hasher.combine(byte) }
  }
}
