import CFtraceShims
import CFtraceTraceBuffer
import FtracePlatform
import FtraceQuiescence

/// Where the compiled bodies of a tracer write: a ring of blocks for each worker, from one pool.
///
/// Workers append without locks or Swift. Reading is for any thread, one at a time, while they do; a worker that reads is parked. What
/// is true of the stream at every moment is in the article "The stream of events".
///
/// The buffer must live until no channel refers to it: ``close()``, or the end of all its workers.
@safe public final class TraceBuffer: Sendable {
  public let configuration: Configuration
  /// The clock of its events: `.monotonic` where ``TimestampCounter`` says that the time-stamp counter cannot be used.
  public let clock: TraceClockKind
  /// Whether the clock is the one that was asked for.
  public var clockFellBack: Bool { clock != configuration.clock }

  // Safe: initialised once in `books`, and every access goes through C functions, which use atomics.
  nonisolated(unsafe) let buffer: OpaquePointer
  private let books: Mapping
  let blocks: Mapping
  let file: BackingFile?
  let coarse: CoarseClock?
  /// Held while blocks are read.
  let reading = FairLock()
  /// Names and samples of the clocks. Its lock may be taken while `reading` is held, not the other way about.
  let control: ShortLocked<ControlState>

  /// Makes a buffer. Its blocks take memory as they are used.
  /// - Throws: `badConfiguration`; `system` if memory or the file is refused. A file that was not there before is removed.
  public init(_ configuration: Configuration = Configuration()) throws(TraceBufferError) {
    try configuration.validate()
    // First: a buffer that a fork would not know of is not made.
    do throws(SystemError) { try AtFork.install() } catch { throw .system(path: nil, error) }
    self.configuration = configuration
    clock = configuration.clock == .tsc && !TimestampCounter.isUsable ? .monotonic : configuration.clock
    let layout = BlockLayout(configuration)
    var settings = layout.settings(configuration, clock)
    var path: String?
    if case .file(let name) = configuration.backing { path = name }
    do throws(SystemError) {
      coarse = clock == .coarse ? try CoarseClock.start() : nil
      books = try Mapping(bytes: Int(unsafe ftrace_buffer_bytes(&settings)))
      if let path {
        let opened = try BackingFile(emptyAt: path)
        do throws(SystemError) {
          settings.file = opened.descriptor.number
          try System.ftruncate(opened.descriptor, bytes: layout.poolStart)
          // The head and the table of workers have space from the beginning; names get theirs block by block.
          try System.fallocate(opened.descriptor, .reserve, offset: 0, bytes: layout.controlStart)
          blocks = try Mapping(bytes: layout.bytes, file: opened.descriptor.number)
        } catch {
          opened.discard()
          throw error
        }
        file = opened
      } else {
        file = nil
        blocks = try Mapping(bytes: layout.bytes)
      }
    } catch {
      throw .system(path: path, error)
    }
    // Safe: both mappings are zero, as large as the settings ask for, and live as long as this object.
    unsafe buffer = ftrace_buffer_init(books.start, blocks.start, &settings)
    control = ShortLocked(ControlState(layout: layout, clock: clock))
    do throws(TraceBufferError) { try writeHead(layout) } catch {
      file?.discard()
      throw error
    }
    AtFork.add(self)
  }

  /// What stands behind the channels of an ops: its address is a `struct ftrace_sink *`, valid as long as the buffer.
  public var sink: UInt { UInt(bitPattern: unsafe ftrace_buffer_sink(buffer)) }

  /// The same object for C: a `struct ftrace_buffer *`, valid as long as the buffer.
  @unsafe package var handle: OpaquePointer { unsafe buffer }

  /// The time of now by the buffer's clock. Any thread.
  public var now: UInt64 { unsafe ftrace_buffer_now(buffer) }

  /// Closes every channel: no worker refers to the buffer any more, and what was written can be read.
  ///
  /// Only when no code that appends to it can run: it was unregistered, and a grace period has passed; or in a stop.
  public func close() { unsafe ftrace_buffer_close(buffer) }

  /// The next event of each worker is preceded by the frames that are open then: after sites were enabled. Any thread; also in a stop.
  public func requestResync() { unsafe ftrace_buffer_kick(buffer, UInt32(FTRACE_WANT_RESYNC)) }

  /// The epoch of the code: what each worker records next is of it. Changed when addresses change their meaning; exactly only in a stop.
  /// Any thread.
  public var epoch: UInt32 {
    get { unsafe ftrace_buffer_epoch(buffer) }
    set { unsafe ftrace_buffer_set_epoch(buffer, newValue) }
  }

  /// For tests: the clock reads `function(context)`. Before the first event; the context lives as long as the buffer.
  package func setClock(
    _ function: @escaping @convention(c) (UnsafeMutableRawPointer?) -> UInt64, _ context: UnsafeMutableRawPointer?
  ) {
    unsafe ftrace_buffer_set_clock(buffer, function, context)
  }
}
