import CFtraceShims
import FtracePlatform

/// The events of one thread, in order: a list of chunks, of which the thread alone writes the last.
///
/// It lies in a mapping of its own, is made by the thread's first event, and outlives the thread.
// Safe: the pointers are used by the appending thread, and by readers that keep the buffer.
@safe struct WorkerStream: BitwiseCopyable {
  typealias Pointer = UnsafeMutablePointer<WorkerStream>

  /// Address of the stream that was made before, 0 for the first.
  var previous: UInt
  let threadID: Int32
  /// The thread's name at its first event, ended by a zero byte.
  let name: (UInt64, UInt64)
  // Places in the current chunk, equal if there is none or it is full.
  var cursor: UnsafeMutablePointer<FunctionEvent>?
  var end: UnsafeMutablePointer<FunctionEvent>?
  var first: UnsafeMutablePointer<EventChunk>?
  var last: UnsafeMutablePointer<EventChunk>?
  /// Calls that were not kept, by cause.
  var lostToLimit = 0
  var lostToMemory = 0

  init(thread: OpaquePointer) {
    previous = 0
    threadID = unsafe ftrace_thread_id(thread)
    // Safe: a thread's name is an array of 16 bytes of its block, never null.
    let bytes = unsafe UnsafeRawPointer(ftrace_thread_name(thread).unsafelyUnwrapped)
    name = unsafe (bytes.loadUnaligned(as: UInt64.self), bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
  }

  /// The name as text.
  var taskName: String {
    unsafe withUnsafeBytes(of: name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}

/// A piece of a stream: this header, then events up to the end of the mapping.
@safe struct EventChunk: BitwiseCopyable {
  static let bytes = 1 << 16
  static let headerBytes = 64
  static let capacity = (bytes - headerBytes) / MemoryLayout<FunctionEvent>.stride

  var next: UnsafeMutablePointer<EventChunk>?

  /// The place of the first event of a chunk.
  // Safe: a chunk is a mapping of `bytes`, of which the events take the part behind the header.
  static func events(of chunk: UnsafeMutablePointer<EventChunk>) -> UnsafeMutablePointer<FunctionEvent> {
    unsafe (UnsafeMutableRawPointer(chunk) + headerBytes).assumingMemoryBound(to: FunctionEvent.self)
  }
}
