/// A block that validation is inside of.
struct ControlFrame: BitwiseCopyable {
  enum Kind: BitwiseCopyable {
    case block, loop, ifThen, ifElse, tryBody, tryTable, catchOne, catchAll
  }

  let kind: Kind
  /// Nothing behind a branch is reached until the frame ends.
  var isUnreachable: Bool
  /// Operands below those of the frame.
  let height: Int
  let signature: Signature

  /// What a branch to the frame takes along.
  var labelTypes: TypeList { kind == .loop ? signature.parameters : signature.results }
}
