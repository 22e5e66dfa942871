import FtracePlatform
import Glibc

/// Where a trace goes: standard error, or a file, which is opened before the program runs and emptied when the trace is written.
struct OutputFile: ~Copyable {
  private let path: String
  /// nil: standard error.
  private let descriptor: Descriptor?

  /// Opens the file; nil: standard error.
  /// - Throws: `.refused`; nothing was changed.
  init(_ path: String?) throws(CommandFailure) {
    self.path = path ?? "standard error"
    guard let path else {
      descriptor = nil
      return
    }
    do throws(SystemError) {
      descriptor = try System.open(path, flags: O_WRONLY | O_CREAT)
    } catch { throw CommandFailure(error, at: path) }
  }

  /// Makes the file empty. Pipes and devices have no length to change.
  func truncate() throws(CommandFailure) {
    do throws(SystemError) {
      switch descriptor {
      case .some(let descriptor): try System.ftruncate(descriptor, bytes: 0)
      case nil: break
      }
    } catch {
      if error.errno != EINVAL { throw CommandFailure(error, at: path) }
    }
  }

  func write(_ bytes: [UInt8]) throws(CommandFailure) {
    do throws(SystemError) {
      switch descriptor {
      case .some(let descriptor): try Terminal.writeAll(bytes, to: descriptor)
      case nil: try Terminal.writeErrors(bytes)
      }
    } catch { throw CommandFailure(error, at: path) }
  }
}
