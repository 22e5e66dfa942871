import CFtraceTestFreeze
import Glibc

/// Says what is wrong, and ends the process without the handlers of `exit`.
func fail(_ message: String, code: Int32 = 1) -> Never {
  // Safe: the bytes are written before the call returns.
  var text = message + "\n"
  text.withUTF8 { bytes in unsafe _ = write(ftrace_test_error_descriptor(), bytes.baseAddress, bytes.count) }
  _exit(code)
}

func check(_ condition: @autoclosure () throws -> Bool, _ message: @autoclosure () -> String) {
  do { if try !condition() { fail(message()) } } catch { fail("\(message()): \(error)") }
}
