/// How an instantiation or a call ends that does not succeed.
enum SpecFailure: Error, CustomStringConvertible {
  /// An import that is missing or of another type.
  case unlinkable(String)
  /// A trap, in the specification's words: `out of bounds memory access`.
  case trap(String)
  /// The call stack is full.
  case exhaustion(String)
  /// An exception that nobody caught.
  case exception
  /// The host could not do it, which is a fault: what it does not know was refused before.
  case host(String)

  var description: String {
    switch self {
    case .unlinkable(let text): "unlinkable: \(text)"
    case .trap(let text): "trap: \(text)"
    case .exhaustion(let text): "exhaustion: \(text)"
    case .exception: "an exception that was not caught"
    case .host(let text): "the host failed: \(text)"
    }
  }
}
