import CFtraceTraceBufferTests
import FtraceTraceBuffer

/// Plays streams back: counts what is in them, and holds what they say against what can be.
struct Replay {
  var entries: UInt64 = 0
  var exits: UInt64 = 0
  var unwound: UInt64 = 0
  /// Events in loss records, by cause.
  var lossRecords = EventLosses()
  var resyncs = 0
  var checkedExits = 0
  var values = 0
  /// What cannot be: exits of functions that are not open, times that go back, words that make no sense.
  var wrong: [String] = []

  private struct Stream {
    var block: EventBlock?
    var clock: UInt64 = 0
    /// The open functions, outermost first, nil: not known.
    var stack: [UInt32]?
    /// No function is open, though some had begun: the worker has ended.
    var hasEnded = false
  }
  private var streams: [UInt32: Stream] = [:]

  init(_ blocks: [EventBlock] = []) { for block in blocks { add(block) } }

  private static func function(at address: UInt64) -> UInt32 {
    UInt32((address & 0xFFFF_FFFF) / UInt64(FTRACE_TEST_FUNCTION_BYTES))
  }

  mutating func add(_ block: EventBlock) {
    var stream = streams[block.header.worker] ?? Stream()
    if let last = stream.block {
      if block.header.sequence < last.header.sequence {
        wrong.append("worker \(block.header.worker): block \(block.header.sequence) after \(last.header.sequence)")
      }
      if !block.follows(last) { stream.stack = nil }
    }
    stream.block = block
    let damage = block.decode { record in play(record, of: block, &stream) }
    if let damage { wrong.append("block \(block.header.sequence): damage at word \(damage)") }
    streams[block.header.worker] = stream
  }

  private mutating func play(_ record: TraceRecord, of block: EventBlock, _ stream: inout Stream) {
    if record.clock < stream.clock { wrong.append("time goes back: \(stream.clock), \(record.clock)") }
    stream.clock = record.clock
    if stream.hasEnded { wrong.append("records of a worker that had ended") }
    let function = Self.function(at: UInt64(record.afterSite))
    switch record.kind {
    case .entry:
      entries += 1
      if let parent = record.parent, let top = stream.stack?.last, Self.function(at: parent) != top {
        wrong.append("parent \(Self.function(at: parent)), and \(top) is open")
      }
      stream.stack?.append(function)
    case .exit:
      exits += 1
      guard stream.stack != nil else { break }
      checkedExits += 1
      let top = stream.stack?.popLast()
      if top != function { wrong.append("exit of \(function), and \(String(describing: top)) is open") }
    case .unwound:
      unwound += record.count
      let depth = stream.stack?.count ?? 0
      stream.stack?.removeLast(min(Int(record.count), depth))
    case .loss:
      guard let cause = record.cause else { return wrong.append("unknown cause") }
      switch record.lostEnd {
      case .entry: lossRecords[cause].entries += record.count
      case .exit: lossRecords[cause].exits += record.count
      }
      stream.stack = nil
    case .resync:
      resyncs += 1
      let frames = block.words(of: record).reversed().map(Self.function(at:))
      if let stack = stream.stack, !stack.isEmpty, frames.isEmpty {
        stream.hasEnded = true
      } else if let stack = stream.stack, stack != frames, !record.isCut {
        wrong.append("resync: \(frames), not \(stack)")
      }
      stream.stack = record.isCut ? nil : frames
    case .stack: break
    case .values:
      values += 1
      if record.wordCount == 0 { wrong.append("no values") }
    }
  }
}

extension Replay {
  /// What does not add up between writers, what was read and what was lost; empty if all does.
  func discrepancies(_ writers: [Writer], _ losses: EventLosses) -> [String] {
    var tally = ftrace_test_tally()
    for writer in writers {
      tally.entries += writer.tally.entries
      tally.exits += writer.tally.exits + writer.tally.unwound_lost_records
      tally.unwound += writer.tally.unwound
    }
    var found = wrong
    if entries + losses.entries != tally.entries {
      found.append("entries: \(entries) read, \(losses.entries) lost, \(tally.entries) made")
    }
    if exits + losses.exits != tally.exits {
      found.append("exits: \(exits) read, \(losses.exits) lost, \(tally.exits) made")
    }
    if unwound + losses.unwoundOverwritten != tally.unwound {
      found.append("unwound: \(unwound) read, \(losses.unwoundOverwritten) lost, \(tally.unwound) made")
    }
    return found
  }
}
