/// Who has state that the child of a fork must find whole.
///
/// What runs in the child must not ask the Swift runtime for a type that has not been made: it makes them under locks, and a thread that is not
/// there may have held one. It uses what it has used in the parent's handlers, plain loops, and C.
package protocol ForkParticipant: AnyObject, Sendable {
  /// The locks that are held across the fork: those under which others are taken, and the short ones. The first of all participants
  /// come before the second of any, for who holds the lock of one may want a short lock of another.
  var forkLocks: (outer: [FairLock], short: [FairLock]) { get }

  /// The locks are held: has workers begin nothing that writes without a lock what the child needs.
  func restForFork()

  /// Every worker has been stopped since, and runs again; or one did not arrive in time: `isAtRest` says which. Copies what the child
  /// needs.
  func prepareFork(isAtRest: Bool)

  /// In the parent, with the locks held: goes on as before, and lets go of the copies.
  func forkedInParent()

  /// In the child, before anything else: makes system calls only.
  func adoptInChild()

  /// In the child, when everything is in place and the locks are still held.
  func repairInChild()
}
