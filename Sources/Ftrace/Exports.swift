// One import for users: the modules whose types appear in the interface.
@_exported import CFtraceShims
@_exported import FtraceCodeMemory
@_exported import FtraceEngine
@_exported import FtraceQuiescence
@_exported import FtraceTraceBuffer
@_exported import FtraceTracers
@_exported import FtraceX86Assembler
