import FtraceCodeMemory

/// What the code and the tables say: the result of the last commit.
struct CodeState: Equatable {
  /// Offset of what `mcount` calls: `ftrace_stub` or `ftrace_record_ip`.
  var mcountTarget: UInt32
  /// Offset of what `ftrace_caller` calls.
  var callerTarget: UInt32
  /// What the entry sites of each class are: a NOP or a call.
  var classTargets: [SiteTarget]
  /// The same for their exit sites.
  var exitTargets: [SiteTarget]

  /// What a site of a class is to be.
  func target(ofSite site: UInt32, class number: UInt16) -> SiteTarget {
    ExitTable.holds(site: site) ? exitTargets[Int(number)] : classTargets[Int(number)]
  }
}

/// A generated piece of code, and what it calls if that is generated as well: a multi-call.
struct Trampoline {
  var block: CodeBlock
  var callee: UInt32?
}

/// A generated piece of code that calls a list of thunks: made once for each list.
struct TrampolineKey: Hashable {
  enum Kind: Hashable {
    /// Called by `ftrace_caller` and by trampolines with more than one ops.
    case multiCall
    /// Called by sites.
    case caller
  }
  var kind: Kind
  /// Offsets of the thunks, newest ops first: of compiled ops, whose bodies come first in the code, and of those with callbacks.
  var compiled: [UInt32] = []
  var thunks: [UInt32]
  /// What the ops of the list need, for code that sites call.
  var saves: SaveSet = []
  /// At which end of the function, if there are compiled bodies: they differ.
  var end: TraceEnd?
  /// What kind of functions the sites are of, if a compiled body asks for it.
  var variant: UInt32 = 0
  /// Whether compiled bodies leave all registers as they are, though the function returns.
  var keepsRegisters = false
  /// Numbers, as bits, of the compiled ops that mark the function: their bodies are those of marked functions.
  var marked: UInt32 = 0

  var named: [UInt32] { compiled + thunks }
}
