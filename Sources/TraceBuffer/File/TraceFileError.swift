import FtracePlatform

/// Why a file could not be opened as a trace.
public enum TraceFileError: Error, Hashable, CustomStringConvertible {
  /// The system refused it.
  case system(path: String, callName: String, errno: Int32, text: String)
  /// It does not begin as a trace does: why not.
  case notATrace(path: String, String)

  init(_ path: String, _ error: SystemError) {
    self = .system(path: path, callName: error.callName, errno: error.errno, text: error.description)
  }

  public var description: String {
    switch self {
    case .system(let path, _, _, let text): "\(path): \(text)"
    case .notATrace(let path, let reason): "\(path) is not a trace: \(reason)"
    }
  }
}

/// Where a file stops making sense: everything before it was read.
public struct TraceFileDamage: Error, Hashable, CustomStringConvertible {
  public enum Reason: Hashable, Sendable {
    /// The file ends within a block.
    case cutOff
    /// What should be the head of a block is not one, or one of its numbers is out of range: which.
    case badHead(String)
    /// A record that no tracer writes, or that reaches beyond its block.
    case badRecord
    /// The system reported an error.
    case unreadable(errno: Int32)
  }

  /// Bytes from the beginning of the file.
  public var offset: Int
  public var reason: Reason

  public var description: String {
    switch reason {
    case .cutOff: "the file is cut off at byte \(offset)"
    case .badHead(let field): "the block at byte \(offset) is damaged: its \(field) is out of range"
    case .badRecord: "the record at byte \(offset) is damaged"
    case .unreadable(let errno): "the file cannot be read at byte \(offset): errno \(errno)"
    }
  }
}
