/// Who has state that the child of a fork must find whole.
package protocol ForkParticipant: AnyObject, Sendable {
  /// The locks that are held across the fork, in the order in which they are taken.
  var forkLocks: [FairLock] { get }

  /// The world is stopped, or a worker did not arrive in time: `isStopped` says which. Copies what the child needs.
  func prepareFork(isStopped: Bool)

  /// In the parent, before the release: lets go of the copies.
  func forkedInParent()

  /// In the child, before anything else: makes system calls only.
  func adoptInChild()

  /// In the child, when everything is in place and the locks are still held.
  func repairInChild()
}
