import CFtraceTraceBuffer

/// What the control side knows and writes: names, and samples of the clocks.
struct ControlState: Sendable {
  let layout: BlockLayout
  var code: Range<UInt64> = 0..<0
  var names: [CodeName] = []
  var calibration: Calibration
  /// The block of names that is being filled, among the control blocks, and the bytes of it that are used. Block 0 is that of samples.
  var nameBlock = 0
  var nameBytes = 0
  /// Samples in their block.
  var sampleCount = 0

  init(layout: BlockLayout, clock: TraceClockKind) {
    self.layout = layout
    calibration = Calibration(clock: clock, samples: clock == .tsc ? [Calibration.origin] : [])
  }
}
