import Ftrace
import FtracePlatform
import Synchronization

/// A callback in a page far away from every arena: `lock inc qword [rdx]; ret`, which counts in its context.
@safe package final class FarCallback: Sendable {
  package let address: UInt
  private static let made = Atomic<Int>(0)

  package init() throws {
    // The kernel places mappings near the top of the address space; these hints begin at 1 TiB, each for one page.
    let hint = UInt(1 << 40) + UInt(Self.made.add(1, ordering: .relaxed).newValue) << 16
    let page = unsafe try System.mmap(at: hint, bytes: System.pageSize, .readWrite, [.private, .anonymous])
    unsafe page.copyMemory(from: [0xF0, 0x48, 0xFF, 0x02, 0xC3] as [UInt8], byteCount: 5)
    address = UInt(bitPattern: page)
    try System.mprotect(address, bytes: System.pageSize, .readExecute)
  }

  // The ops that use it are unregistered before.
  deinit { try? System.munmap(address, bytes: System.pageSize) }

  package var callback: TraceOps.Callback { unsafe unsafeBitCast(address, to: TraceOps.Callback.self) }
}

/// Takes away the right to write to the page of an address, or all access.
package func protect(_ address: UInt, readOnly: Bool) throws {
  let page = address & ~UInt(System.pageSize - 1)
  try System.mprotect(page, bytes: System.pageSize, readOnly ? .read : .none)
}
