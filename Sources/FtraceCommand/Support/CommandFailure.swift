import Ftrace
import FtraceEngine
import FtracePlatform
import FtraceWorkloads
import Glibc

/// Why a command ends with another code than 0. The codes are those of sysexits.h.
struct CommandFailure: Error {
  enum Kind: Int32 {
    case checkFailed = 1
    case usage = 64
    case malformedInput = 65
    case noInput = 66
    case refused = 69
  }

  var kind: Kind
  /// Empty if everything has been said.
  var message: String

  init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  var code: Int32 { kind.rawValue }

  /// A name that does not exist, with the nearest of those that do, or all of them.
  static func unknown(_ what: String, _ name: String, of names: [String]) -> CommandFailure {
    let nearest = names.nearest(to: name)
    let hint =
      nearest.isEmpty
      ? "there are \(names.joined(separator: ", "))" : "did you mean \(nearest.joined(separator: ", "))?"
    return CommandFailure(.usage, "no \(what) named '\(name)': \(hint)")
  }

  init(_ error: FtraceError) {
    switch error {
    case .quiescence(.unknownSetting): self.init(.usage, error.description)
    case .memory, .system, .quiescence: self.init(.refused, error.description)
    default: self.init(.checkFailed, error.description)
    }
  }

  init(_ error: WorkloadError) {
    switch error {
    case .usage: self.init(.usage, error.description)
    case .malformed: self.init(.malformedInput, error.description)
    case .unreadable(_, let errno): self.init(unreadable: error.description, errno: errno)
    case .mismatch: self.init(.checkFailed, error.description)
    case .noThreads: self.init(.refused, error.description)
    case .runtime(let error): self.init(error)
    }
  }

  /// An input that is not there, or that the system does not let us read.
  init(unreadable message: String, errno: Int32) {
    self.init([ENOENT, ENOTDIR].contains(errno) ? .noInput : .refused, message)
  }

  /// A file, or a stream, that the system does not let us use.
  init(_ error: SystemError, at path: String) {
    self.init(.refused, "\(path): \(error)")
  }
}
