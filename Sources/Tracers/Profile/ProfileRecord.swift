import CFtraceTracers

/// What is known of the calls of one function, in ticks.
struct ProfileRecord: Sendable {
  var calls: UInt64 = 0
  var total: UInt64 = 0
  var own: UInt64 = 0
  var least = UInt64.max
  var most: UInt64 = 0
  /// Calls by the number of bits of their duration, less one.
  var buckets = [UInt64](repeating: 0, count: Int(FTRACE_PROFILE_BUCKETS))

  /// Adds what a worker has. It may be adding to it.
  mutating func add(_ record: UnsafePointer<ftrace_profile_record>) {
    // Safe: the record is the worker's for as long as the profile; words are read one by one.
    unsafe calls += record.pointee.calls
    unsafe total += record.pointee.total
    unsafe own &+= record.pointee.`self`
    unsafe least = min(least, record.pointee.min)
    unsafe most = max(most, record.pointee.max)
    unsafe withUnsafeBytes(of: record.pointee.bucket) { bytes in
      for index in buckets.indices {
        unsafe buckets[index] += UInt64(bytes.load(fromByteOffset: 4 * index, as: UInt32.self))
      }
    }
  }
}
