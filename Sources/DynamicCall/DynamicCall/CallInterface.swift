import CLibFFI

/// What libffi knows of a signature: prepared once, used by any number of calls on any threads.
@safe final class CallInterface: Sendable {
  // Safe to share: both are written in `init` alone, freed in `deinit`, and `ffi_call` only reads them. The types that they point to
  // are constants of libffi.
  private nonisolated(unsafe) let interface: UnsafeMutablePointer<ffi_cif>
  private nonisolated(unsafe) let types: UnsafeMutablePointer<UnsafeMutablePointer<ffi_type>?>

  /// - Throws: `DynamicCallError.refused`, by libffi's `ffi_prep_cif`.
  init(function: String, arguments: [DynamicType], result: DynamicType) throws(DynamicCallError) {
    unsafe interface = .allocate(capacity: 1)
    unsafe interface.initialize(to: ffi_cif())
    unsafe types = .allocate(capacity: max(1, arguments.count))
    for (index, type) in arguments.enumerated() {
      unsafe (types + index).initialize(to: ftrace_ffi_type(type.kind))
    }
    let status = unsafe ftrace_ffi_prepare(interface, UInt32(arguments.count), ftrace_ffi_type(result.kind), types)
    guard status == 0 else { throw .refused(function: function, status: status) }
  }

  deinit {
    unsafe interface.deallocate()
    unsafe types.deallocate()
  }

  /// Calls a function of this signature. Returns the cell of its result.
  /// - Parameter cells: as many as the signature has arguments.
  func call(_ function: UInt, _ cells: [UInt64]) -> UInt64 {
    // Safe: libffi reads the arguments through `pointers`, which point into a copy that lives for the call, and writes at most a
    // cell, because no result is larger than `ffi_arg`.
    unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: cells.count + 1) { copy in
      unsafe withUnsafeTemporaryAllocation(of: UnsafeMutableRawPointer?.self, capacity: cells.count + 1) { pointers in
        for index in 0...cells.count {
          unsafe copy.initializeElement(at: index, to: index < cells.count ? cells[index] : 0)
          unsafe pointers.initializeElement(
            at: index, to: UnsafeMutableRawPointer(copy.baseAddress.map { unsafe $0 + index }))
        }
        unsafe ftrace_ffi_call(interface, function, pointers[cells.count], pointers.baseAddress)
        return unsafe copy[cells.count]
      }
    }
  }
}

extension DynamicType {
  fileprivate var kind: ftrace_ffi_kind {
    switch self {
    case .int8: FTRACE_FFI_SINT8
    case .int16: FTRACE_FFI_SINT16
    case .int32: FTRACE_FFI_SINT32
    case .int64: FTRACE_FFI_SINT64
    case .uint8, .bool: FTRACE_FFI_UINT8
    case .uint16: FTRACE_FFI_UINT16
    case .uint32: FTRACE_FFI_UINT32
    case .uint64: FTRACE_FFI_UINT64
    case .float: FTRACE_FFI_FLOAT
    case .double: FTRACE_FFI_DOUBLE
    case .pointer: FTRACE_FFI_POINTER
    case .void: FTRACE_FFI_VOID
    }
  }
}
