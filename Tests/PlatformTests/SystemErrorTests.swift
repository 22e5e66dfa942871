import FtracePlatform
import Glibc
import Testing

@Suite struct SystemErrorTests {
  @Test(arguments: [
    (SystemCall.mmap, ENOMEM, "mmap failed with ENOMEM: raise the address-space limit"),
    (.memfdCreate, EACCES, "memfd_create failed with EACCES: executable memfds are forbidden"),
    (.read, EIO, "read failed with EIO: the device"), (.futexWait, EFAULT, "futex (wait) failed with EFAULT: see the"),
    (.open, 4000, "open failed with errno 4000: see the manual page of open"),
  ])
  func theMessageNamesCallReasonAndRemedy(_ call: SystemCall, _ errno: Int32, _ start: String) {
    #expect("\(SystemError(call, errno: errno))".hasPrefix(start), "\(SystemError(call, errno: errno))")
  }

  @Test func everyCallAndReasonHasAMessage() {
    for call in SystemCall.allCases {
      for errno in 1...133 as ClosedRange<Int32> {
        let message = SystemError(call, errno: errno).description
        #expect(message.hasPrefix("\(call.rawValue) failed with E") || message.contains("failed with errno \(errno)"))
        #expect(!message.hasSuffix(": "))
      }
    }
  }

  @Test func realFailuresAreTyped() {
    #expect(throws: SystemError(.open, errno: ENOENT)) {
      _ = try System.open("/nonexistent/swift-ftrace", flags: O_RDONLY)
    }
    #expect(throws: SystemError(.munmap, errno: EINVAL)) { try System.munmap(1, bytes: 1) }
    #expect(throws: SystemError(.mprotect, errno: ENOMEM)) { try System.mprotect(0, bytes: 4096, .read) }
    #expect(throws: SystemError(.read, errno: EBADF)) {
      _ = unsafe try System.read(Descriptor(-1), into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
    #expect(throws: SystemError(.tgkill, errno: EINVAL)) { try System.tgkill(process: 1, thread: -1, signal: 0) }
  }
}
