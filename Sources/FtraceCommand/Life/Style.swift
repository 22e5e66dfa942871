import Glibc

/// Emphasis, where standard output is a terminal and nobody asked for plain text (no-color.org).
enum Style {
  private static let isOn = unsafe isatty(1) == 1 && getenv("NO_COLOR") == nil

  static func bold(_ text: String) -> String { isOn ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
  static func dim(_ text: String) -> String { isOn ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
}
