import Ftrace
import Synchronization

let counter = Atomic<Int>(0)
let runtime = try TraceRuntime()
let fib = try runtime.define("fib", as: ((Int) -> Int).self) { f in
  let (recurse, done) = (f.label("recurse"), f.label("done"))
  f.entrySite()
  f.prologue(saving: [.rbx, .r12])
  f.mov(.rax, .rdi)
  f.cmp(.rdi, 2)
  f.j(.l, done)
  f.bind(recurse)
  f.mov(.rbx, .rdi)
  f.lea(.rdi, .base(.rbx, -1))
  f.callSelf()
  f.mov(.r12, .rax)
  f.lea(.rdi, .base(.rbx, -2))
  f.callSelf()
  f.add(.rax, .r12)
  f.bind(done)
  f.functionReturn()
}
print(runtime.sites)
print("fib(20) =", fib(20))
print(runtime.sites, runtime.statistics.pending)
let ops = TraceOps(name: "count") { call in counter.add(1, ordering: .relaxed) }
try runtime.register(ops)
print("fib(20) =", fib(20), "traced", counter.load(ordering: .relaxed))
print(runtime.sites)
let ops2 = TraceOps(name: "two", filter: TraceFilter(trace: ["f*"]), registers: true) { call in
  if counter.add(1, ordering: .relaxed).newValue % 10000 == 0 { print(String(call.ip, radix: 16), runtime.name(of: call.parentIP) ?? "?", call.registers!.rdi) }
}
try runtime.register(ops2)
print("fib(20) =", fib(20), "traced", counter.load(ordering: .relaxed))
try runtime.unregister(ops)
print("fib(20) =", fib(20), "traced", counter.load(ordering: .relaxed))
try runtime.unregister(ops2)
print("fib(20) =", fib(20), "traced", counter.load(ordering: .relaxed))
print(runtime.sites)
print(runtime.statistics, runtime.audit())
