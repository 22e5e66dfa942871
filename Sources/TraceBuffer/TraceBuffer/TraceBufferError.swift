import FtracePlatform

/// Why a buffer could not be made, or does not take more. Nothing has changed.
public enum TraceBufferError: Error, Hashable, CustomStringConvertible {
  /// A value of the configuration is out of its range: which, and what is right.
  case badConfiguration(String)
  /// The system refused memory or the file.
  case system(path: String?, SystemError)
  /// The part of a file-backed ring that holds names is full.
  case namesFull(bytes: Int)

  public var description: String {
    switch self {
    case .badConfiguration(let text): text
    case .system(let path?, let error): "\(path): \(error)"
    case .system(nil, let error): "\(error)"
    case .namesFull(let bytes): "the \(bytes) bytes for names are full: raise nameBytes"
    }
  }

  public static func == (left: TraceBufferError, right: TraceBufferError) -> Bool {
    left.description == right.description
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
