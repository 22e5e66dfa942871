import CFtraceShims

extension SystemError {
  /// What the reader of the message can do: by call and reason where that differs, else by reason.
  var remedy: String {
    Self.remedies.first { $0.errno == errno && ($0.calls.isEmpty || $0.calls.contains(call)) }?.text
      ?? "see the manual page of \(callName)"
  }

  /// The first row that fits is taken; no calls means any call.
  private static let remedies: [(calls: Set<SystemCall>, errno: Int32, text: String)] = [
    (
      [.mmap, .mprotect, .munmap], ENOMEM,
      "raise the address-space limit (ulimit -v), vm.max_map_count or vm.overcommit_memory, or ask for less"
    ),
    ([.madvise], EINVAL, "the kernel does not know this advice; a newer one does"),
    (
      [.mmap, .mprotect], EACCES,
      "executable memory is refused by a security policy (SELinux execmem, a seccomp filter, a noexec mount); allow it"
    ),
    (
      [.mmap, .mprotect], EPERM,
      "executable memory is refused (a noexec mount, a sealed memfd or a seccomp filter); allow it"
    ),
    ([.memfdCreate], EACCES, "executable memfds are forbidden; set the sysctl vm.memfd_noexec to 0 or 1"),
    ([.memfdCreate], EPERM, "a seccomp filter refuses memfd_create; allow it"),
    ([.memfdCreate], EINVAL, "the kernel is older than the flag; it needs Linux 6.3 for MFD_EXEC"),
    ([.membarrier], EPERM, "the process has not registered for this command; register first"),
    ([.membarrier], EINVAL, "the kernel or the processor lacks this command; the fenced mode works without it"),
    ([.tgkill], ESRCH, "the thread has ended"),
    ([.tgkill], EAGAIN, "the queue of pending signals is full; raise ulimit -i"),
    (
      [.threadCreate], EAGAIN,
      "raise the limits of threads (ulimit -u, kernel.threads-max, pids.max of the control group) or of memory, or wait until others have ended"
    ),
    ([], ENOMEM, "free memory, or raise the limit of the control group"),
    ([], ENOSPC, "free space on the file system, or memory where that is its store (tmpfs, memfd)"),
    ([], ESPIPE, "it is a pipe or a device; name a regular file"),
    ([], EBADF, "the stream is closed; open it, or send it to /dev/null"),
    ([], EDQUOT, "raise the disk quota"),
    ([], EFBIG, "raise the file-size limit (ulimit -f)"),
    ([], EMFILE, "raise the limit of open files (ulimit -n)"),
    ([], ENFILE, "raise the system's limit of open files (fs.file-max)"),
    ([], ENOENT, "check that the path exists"),
    ([], ENOTDIR, "check that each part of the path but the last is a directory"),
    ([], EISDIR, "it is a directory; name a file"),
    ([], EACCES, "check the permissions of the path"),
    ([], EPERM, "a security policy refuses it; allow it, or run with the privilege"),
    ([], EROFS, "choose a path on a writable file system"),
    ([], ENOSYS, "the kernel lacks the call or a seccomp filter hides it; allow it, or use a newer kernel"),
    ([], EIO, "the device reported an error; check it"),
  ]
}
