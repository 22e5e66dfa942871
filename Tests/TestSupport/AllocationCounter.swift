import CFtraceTestShims

/// The calling thread's allocations while `body` runs; nil in a build that cannot count them.
package func allocations(_ body: () -> Void) -> Int? {
  guard ftrace_test_counts_allocations() else { return nil }
  let before = ftrace_test_allocations()
  body()
  return Int(ftrace_test_allocations() - before)
}
