import CFtraceTestShims

/// How often `allocations` runs its body.
package let allocationRuns = 3

/// What the calling thread allocates each time that `body` runs: the fewest of three runs; nil in a build that cannot count,
/// which runs it as often.
///
/// What `body` allocates by itself it allocates each time. The language's runtime now and then allocates too, for its caches.
package func allocations(_ body: () -> Void) -> Int? {
  let counts = (0..<allocationRuns).map { _ in
    let before = ftrace_test_allocations()
    body()
    return Int(ftrace_test_allocations() - before)
  }
  return ftrace_test_counts_allocations() ? counts.min() : nil
}
