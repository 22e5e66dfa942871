import Ftrace

/// Where the two sites of a body are.
struct TortureCode {
  let entry: UInt
  let exit: UInt

  /// Of the present body of a function.
  init(_ handle: FunctionHandle) throws {
    let (address, bytes) = try handle.code()
    entry = address
    // Behind the exit site: `mov r11, fs:[…]` of nine bytes, `inc qword [r11 + …]` of seven, `ret`. Slow paths may follow.
    guard
      let load = bytes.indices.last(where: { index in
        bytes[index...].starts(with: [0x64, 0x4C, 0x8B, 0x1C, 0x25])
          && bytes.dropFirst(index + 9).starts(with: [0x49, 0xFF, 0x83])
          && bytes.dropFirst(index + 16).first == 0xC3
      })
    else { throw TortureError.noExit }
    exit = address + UInt(load - 5)
  }
}
