/// A call, as the `function` tracer keeps it.
struct FunctionEvent: BitwiseCopyable {
  /// Address of the site in the low 48 bits, number of the processor above: addresses of a process end below 2⁴⁷
  /// (Documentation/arch/x86/x86_64/mm.rst of the kernel).
  private var ipAndCPU: UInt64
  private var parent: UInt64
  /// Time-stamp counter.
  var time: UInt64

  @inline(__always)
  init(ip: UInt, parentIP: UInt, time: UInt64, cpu: UInt32) {
    ipAndCPU = UInt64(ip) | UInt64(cpu) << 48
    parent = UInt64(parentIP)
    self.time = time
  }

  var ip: UInt { UInt(ipAndCPU & 0xFFFF_FFFF_FFFF) }
  var cpu: Int { Int(ipAndCPU >> 48) }
  var parentIP: UInt { UInt(parent) }
}
