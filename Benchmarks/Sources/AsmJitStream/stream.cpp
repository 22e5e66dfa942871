#include "asmjit_stream.h"

#if __has_include(<asmjit/asmjit.h>)
#include <asmjit/asmjit.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *asmjit_stream_version(void) { return TEXT(ASMJIT_LIBRARY_VERSION); }

using namespace asmjit;

// Instruction by instruction what `AssemblerStream.emitFunction` emits.
static void emit_function(x86::Assembler &a) {
  using namespace x86;
  const Label loop = a.newLabel(), skip = a.newLabel(), done = a.newLabel();
  a.push(rbp);
  a.mov(rbp, rsp);
  a.push(rbx);
  a.push(r12);
  a.sub(rsp, 32);
  a.mov(rbx, rdi);
  a.xor_(eax, eax);
  a.mov(r12, imm(int64_t(0x123456789AB)));
  a.bind(loop);
  a.mov(rcx, qword_ptr(rbx, 8));
  a.mov(edx, dword_ptr(rsi, rcx, 2, 16));
  a.movzx(r8d, byte_ptr(rbx, 1));
  a.movsxd(r9, edx);
  a.add(rax, rcx);
  a.add(r9, 1000);
  a.lea(rdx, ptr(rax, rcx, 1, 5));
  a.imul(rdx, rax);
  a.shl(rdx, 3);
  a.and_(r8d, 15);
  a.xor_(rdx, r12);
  a.cmp(rax, 100000);
  a.jl(skip);
  a.movsd(xmm0, qword_ptr(rbx, 16));
  a.addsd(xmm0, xmm1);
  a.mulsd(xmm0, qword_ptr(rsi));
  a.cvttsd2si(rcx, xmm0);
  a.mov(qword_ptr(rsp, 8), rcx);
  a.bind(skip);
  a.cmovl(rax, rdx);
  a.mov(qword_ptr(rbx, 8), rax);
  a.inc(qword_ptr(rbx, 24));
  a.test(rdi, rdi);
  a.je(done);
  a.mov(rdi, rax);
  a.call(r12);
  a.sub(rbx, 64);
  a.jne(loop);
  a.bind(done);
  a.setg(al);
  a.movzx(eax, al);
  a.add(rsp, 32);
  a.pop(r12);
  a.pop(rbx);
  a.pop(rbp);
  a.ret();
}

size_t asmjit_stream_emit(size_t functions, uint8_t *buffer, size_t capacity) {
  CodeHolder code;
  if (code.init(Environment::host())) return 0;
  x86::Assembler a(&code);
  for (size_t i = 0; i < functions; i++) emit_function(a);
  if (code.flatten() || code.resolveUnresolvedLinks()) return 0;
  const size_t size = code.codeSize();
  if (size > capacity || code.copyFlattenedData(buffer, capacity)) return 0;
  return size;
}

#else

const char *asmjit_stream_version(void) { return nullptr; }
size_t asmjit_stream_emit(size_t, uint8_t *, size_t) { return 0; }

#endif
