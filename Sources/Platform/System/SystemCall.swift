/// The calls that ``System`` makes and a ``Fault`` can name. The raw value is the name in section 2 of the manual.
package enum SystemCall: String, CaseIterable, Sendable {
  case mmap
  /// mmap(2) at a place that is only wished for: its failure is no error of the caller's.
  case mmapHint = "mmap (hint)"
  case munmap, mprotect, madvise, ftruncate, fallocate
  case memfdCreate = "memfd_create"
  case open, close, read, write, pread, pwrite, fsync, unlink, rename
  case membarrier, tgkill, sigaction, sigaltstack
  case futexWait = "futex (wait)"
  case futexWake = "futex (wake)"
  case sigmask = "rt_sigprocmask"
  /// Of section 3: it asks the C library for memory.
  case atFork = "pthread_atfork"
  /// Of section 3: clone(2), with a stack.
  case threadCreate = "pthread_create"
}
