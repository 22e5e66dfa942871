import FtracePlatform

extension CodeArena {
  /// A copy of an arena's code for a child of fork(2); gone when nobody holds it.
  ///
  /// Memory that is mapped twice is shared, and a child would see every later patch of its parent's. Empty where the mapping
  /// toggles: those pages are private, and fork itself copies them.
  public struct ForkImage: ~Copyable {
    let descriptor: Descriptor?
  }

  /// Copies the code. In the parent, while nobody writes code: the engine's lock is held. O(committed bytes).
  ///
  /// The parent lets go of the image after the fork; the child hands its own to ``adopt(_:)``.
  ///
  /// - Throws: ``CodeMemoryError/system(_:)`` if memfd_create(2), ftruncate(2) or pwrite(2) fails; the arena is unchanged.
  public func prepareFork() throws(CodeMemoryError) -> ForkImage {
    do { return try ForkImage(descriptor: code.copy()) } catch { throw .system(error) }
  }

  /// Replaces the memory that is shared with the parent by the copy, at the same addresses. In the child, before it runs any code of
  /// the arena.
  ///
  /// Makes system calls only: it allocates nothing and takes no lock, so that it can run in a child of a process with threads.
  ///
  /// - Throws: ``CodeMemoryError/system(_:)`` if mmap(2) or mprotect(2) fails. The arena must not be used then, since it may show the
  ///   parent's memory.
  public func adopt(_ image: consuming ForkImage) throws(CodeMemoryError) {
    guard let descriptor = image.descriptor else { return }
    do { try code.adopt(descriptor) } catch { throw .system(error) }
  }

  /// Puts empty memory in the place of the code, in a child that could not adopt a copy: whoever calls it faults, no new code can be
  /// made, and nothing that is written or given back reaches the parent.
  ///
  /// Makes system calls only, as ``adopt(_:)`` does. Does nothing where the mapping toggles: that code is the child's own.
  public func deny() { code.deny() }
}
