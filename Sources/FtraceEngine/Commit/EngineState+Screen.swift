import CFtraceShims
import FtracePlatform

extension EngineState {
  /// Takes out of a plan what cannot be written, before the stop: pages that somebody unmapped or protected behind the engine's back.
  ///
  /// It also brings the pages in, so that the stop does not wait for page faults. `madvise(2)`, MADV_POPULATE_WRITE, since Linux 5.14;
  /// older kernels are not asked. Where code has no writable alias, the stop's own mprotect(2) finds out.
  /// - Returns: the patches that were taken out.
  func screen(_ plan: inout Plan) -> [ftrace_patch] {
    guard arena.activeMapping == .dual, unsafe !plan.patches.isEmpty else { return unsafe [] }
    let runs = pageRuns(of: plan)
    if runs.allSatisfy({ canWrite($0.start, $0.bytes) }) { return unsafe [] }
    let size = UInt64(System.pageSize)
    var lost: Set<UInt64> = []
    for run in runs {
      for page in stride(from: run.start, to: run.start + run.bytes, by: Int(size)) where !canWrite(page, size) {
        lost.insert(page)
      }
    }
    guard !lost.isEmpty else { return unsafe [] }
    func isLost(_ patch: ftrace_patch) -> Bool {
      unsafe lost.contains(UInt64(UInt(bitPattern: patch.write)) & ~(size - 1))
    }
    var removed = unsafe plan.patches.filter(isLost)
    for index in unsafe removed.indices {
      unsafe judge(&removed[index])
    }
    unsafe plan.patches.removeAll(where: isLost)
    return unsafe removed
  }

  /// What comes of a patch that cannot be written: success if nothing needs to be, else what stands in the way.
  private func judge(_ patch: inout ftrace_patch) {
    let start = unsafe arena.writableAddress(ofCodeAt: 0)
    let offset = unsafe UInt32(UnsafeRawPointer(patch.write) - UnsafeRawPointer(start))
    let found = currentBytes(at: offset)
    let status: ftrace_patch_status
    if unsafe found == SiteBytes(low: patch.replacement_low, high: patch.replacement_high) {
      status = FTRACE_PATCH_ALREADY
    } else if unsafe found == SiteBytes(low: patch.expected_low, high: patch.expected_high) {
      status = FTRACE_PATCH_INACCESSIBLE
    } else {
      status = FTRACE_PATCH_UNEXPECTED
      unsafe patch.replacement_low = found.low
      unsafe patch.replacement_high = found.high
    }
    unsafe patch.status = UInt8(status.rawValue)
  }

  private static let kernelPopulates: Bool = {
    do throws(SystemError) {
      let size = System.pageSize
      let page = UInt(bitPattern: unsafe try System.mmap(bytes: size, .readWrite, [.private, .anonymous]))
      defer { try? System.munmap(page, bytes: size) }
      try System.madvise(page, bytes: size, .populateWrite)
      return true
    } catch { return false }
  }()

  private func canWrite(_ start: UInt64, _ bytes: UInt64) -> Bool {
    do throws(SystemError) {
      try System.madvise(UInt(start), bytes: Int(bytes), .populateWrite)
      return true
    } catch {
      // EINVAL also says that the kernel does not know the advice: then a page that is surely writable gets it as well.
      if error.errno == EINVAL { return !Self.kernelPopulates }
      return error.errno != EFAULT && error.errno != ENOMEM
    }
  }

  /// The pages that a plan writes to, neighbours together.
  func pageRuns(of plan: Plan) -> [ftrace_page_run] {
    let size = UInt64(System.pageSize)
    var starts: [UInt64] = []
    var isSorted = true
    for index in unsafe plan.patches.indices {
      let start = unsafe UInt64(UInt(bitPattern: plan.patches[index].write)) & ~(size - 1)
      guard start != starts.last else { continue }
      if let last = starts.last, start < last { isSorted = false }
      starts.append(start)
    }
    if !isSorted { starts = Set(starts).sorted() }
    var runs: [ftrace_page_run] = []
    for start in starts {
      if let last = runs.last, last.start + last.bytes == start {
        runs[runs.count - 1].bytes += size
      } else {
        runs.append(ftrace_page_run(start: start, bytes: size))
      }
    }
    return runs
  }
}
