/// The register that holds a variable count of shifts.
@frozen
public struct CountRegister: Hashable, Sendable {
  @inlinable
  init() {}

  @inlinable public static var cl: CountRegister { CountRegister() }
}
