import FtraceX86Assembler
import Glibc
import Testing

/// Functions of the builder, run with stand-ins for the runtime.
///
/// `errno` serves as the poll word, because it is a thread-local word at a fixed distance from `fs:` that a test can set.
@Suite("Execution: functions")
struct FunctionExecutionTests {
  private static var errnoOffset: Int32 {
    // On Linux the thread pointer is the thread's handle.
    Int32(Int(bitPattern: unsafe __errno_location()) - Int(pthread_self()))
  }

  /// Adds the numbers from 1 to its argument, and polls for each of them.
  ///
  /// The default limit is a word of the thread block that holds a small number: below any stack.
  private static func sum(stackLimit: Int32 = 0x18, locals: Int = 24) throws -> FunctionImage {
    let f = FunctionBuilder(name: "sum", layout: ThreadLayout(depth: 0, poll: errnoOffset, stackLimit: stackLimit))
    f.entrySite()
    f.prologue(locals: locals, saving: [.rbx, .r12, .r15])
    let (loop, done) = (f.label("loop"), f.label("done"))
    f.xor(.ebx, .ebx)
    f.mov(.r12, .rdi)
    f.mov(f.local(8), .rdi)
    f.bind(loop)
    f.test(.r12, .r12)
    f.j(.e, done)
    f.add(.rbx, .r12)
    f.dec(.r12)
    f.poll()
    f.jmp(loop)
    f.bind(done)
    f.xor(.r15d, .r15d)
    f.mov(.rax, .rbx)
    f.functionReturn()
    return try f.finish()
  }

  @Test("sites, polls and stack checks call what the symbols name, and come back")
  func slowPaths() throws {
    let function = try LoadedFunction(try Self.sum())
    errno = 0
    let quiet = function.call(10)
    errno = 1
    let noisy = function.call(100)
    errno = 0
    #expect(quiet == 55 && noisy == 5050)
    #expect(function.count(.mcount) == 2 && function.alignment(.mcount) == 0)
    #expect(function.count(.pollSlow) == 100 && function.alignment(.pollSlow) == 8)
    #expect(function.count(.stackCheckSlow) == 0)
  }

  @Test("the stack check compares with the limit, for small and large frames", arguments: [24, 5000])
  func stackCheck(_ locals: Int) throws {
    // The word at fs:[0] is the thread pointer itself: a limit that is above the stack of most threads, and below that of the main one.
    let function = try LoadedFunction(try Self.sum(stackLimit: 0, locals: locals))
    var here: UInt8 = 0
    let isBelow = unsafe withUnsafePointer(to: &here) { Int(bitPattern: $0) < Int(pthread_self()) }
    errno = 0
    #expect(function.call(4) == 10)
    #expect(function.count(.stackCheckSlow) == (isBelow ? 1 : 0))
    if isBelow { #expect(function.alignment(.stackCheckSlow) == 0) }
  }

  @Test("what a callee preserves is preserved")
  func preserved() throws {
    let image = try Self.sum()
    let function = try LoadedFunction(image)
    let machine = try Machine { a in
      for register in CallingConvention.sysV.calleeSaved { a.push(register) }
      a.push(.rdi)
      a.mov(.rax, .slot(0))
      for (index, register) in CallingConvention.sysV.calleeSaved.enumerated() {
        a.mov(register, Int64(index + 1) << 40)
      }
      a.mov(.edi, 3)
      a.call(.rax)
      a.pop(.rdi)
      a.mov(.slot(0), .rax)
      for (index, register) in CallingConvention.sysV.calleeSaved.enumerated() { a.mov(.slot(index + 1), register) }
      for register in CallingConvention.sysV.calleeSaved.reversed() { a.pop(register) }
    }
    errno = 1
    let slots = machine.run([function.address] + [UInt64](repeating: 0, count: 6))
    errno = 0
    let saved = (1...6).map { (index: UInt64) in index << 40 }
    #expect(slots == [6] + saved)
    #expect(function.count(.pollSlow) == 3)
  }

  @Test("a tail call returns to the first caller")
  func tailCall() throws {
    let f = FunctionBuilder(name: "tail", layout: ThreadLayout(depth: 0, poll: Self.errnoOffset, stackLimit: 0x18))
    f.entrySite()
    f.prologue(locals: 8, saving: [.rbx])
    f.mov(.rax, .rdi)
    f.inc(.rax)
    f.tailCall(slot: Symbol(rawValue: 1))
    let function = try LoadedFunction(try f.finish())
    #expect(function.call(41) == 42)
    // Nothing of the frame is left: the callee is entered as by a call.
    #expect(function.count(.callee) == 1 && function.alignment(.callee) == 8)
  }
}
