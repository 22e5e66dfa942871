import Glibc

/// The environment of the process, as it was given to it.
package enum Environment {
  /// The value of a variable, nil if it is not set. Threads: none may change the environment meanwhile.
  package static subscript(_ name: String) -> String? {
    // Safe: the string is copied at once.
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}
