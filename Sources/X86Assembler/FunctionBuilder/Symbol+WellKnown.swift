/// The symbols that `FunctionBuilder` refers to by itself. The highest 256 raw values are kept for such symbols.
extension Symbol {
  /// The stub that every entry site calls: code, reached by `call rel32`. On entry `[rsp]` is the address after the site, and
  /// `rsp` is a multiple of 16.
  public static let mcount = Symbol(rawValue: .max)

  /// A slot that holds the address of what a poll calls when the poll word is not zero. It preserves every register and
  /// vector; flags are dead. A poll stands in a frame: before its call, `rsp` is a multiple of 16.
  public static let pollSlow = Symbol(rawValue: .max - 1)

  /// A slot that holds the address of what a prologue calls when `rsp` is not above the limit. It preserves every register and
  /// vector; flags are dead. `r11` is the lowest address that the function wants to use. On entry `[rsp]` is the address in the function, `[rsp+8]` the function's own return
  /// address, and `rsp` is a multiple of 16. If it returns, the function goes on.
  public static let stackCheckSlow = Symbol(rawValue: .max - 2)
}
