extension Duration {
  /// Whole nanoseconds, 0 for a negative duration; saturates after 584 years.
  package var wholeNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (scaled, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : scaled + UInt64(attoseconds / 1_000_000_000)
  }
}
