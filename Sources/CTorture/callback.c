#include "torture_callback.h"

#include "CFtraceShims.h"
#include "torture_books.h"

// What the assembler text below spells as numbers.
_Static_assert(offsetof(struct torture_tracer, row) == 0, "");
_Static_assert(offsetof(struct torture_tracer, block) == 8, "");
_Static_assert(offsetof(struct torture_tracer, limit) == 16, "");
_Static_assert(offsetof(struct torture_tracer, strays) == 48, "");
_Static_assert(offsetof(struct torture_block, cell) == 0, "");
_Static_assert(offsetof(struct torture_block, tracer) == 8, "");
_Static_assert(TORTURE_INC_AT == 14 && TORTURE_CELL_AT == 17, "");

// The body that was called is read from its own code: the displacement of its `inc`. rdi and rdx stay what they are until the
// count is made, so that a stop in between finds the body and the tracer in the registers of the interrupted code.
__asm__(".text\n"
        ".p2align 4\n"
        ".globl torture_callback\n"
        ".type torture_callback, @function\n"
        "torture_callback:\n"
        "  movq 8(%rdx), %rax\n"
        "  movq %fs:(%rax), %r8\n"
        "  testq %r8, %r8\n"
        "  jz 1f\n"
        "  movl 14(%rdi), %r9d\n"
        "  andl $0xFFFFFF, %r9d\n"
        "  cmpl $0x83FF49, %r9d\n" // inc qword [r11 + disp32]
        "  jne 1f\n"
        "  movl 17(%rdi), %r9d\n"
        "  cmpq 16(%rdx), %r9\n"
        "  jae 1f\n"
        "  movq %r9, 0(%r8)\n"
        "  movq %rdx, 8(%r8)\n"
        "  addq %r8, %r9\n"
        "  addq 0(%rdx), %r9\n"
        "  incq (%r9)\n"
        ".globl torture_counted\n"
        ".hidden torture_counted\n"
        "torture_counted:\n"
        "  movq %rdx, %rdi\n"
        "  movq %r8, %rsi\n"
        "  jmp torture_after_count\n"
        "1: lock incq 48(%rdx)\n"
        "  ret\n"
        ".size torture_callback, . - torture_callback\n");

static uint64_t draw(struct torture_block *block) {
  // xorshift64*
  block->random ^= block->random >> 12;
  block->random ^= block->random << 25;
  block->random ^= block->random >> 27;
  return (block->random * UINT64_C(0x2545F4914F6CDD1D)) >> 16;
}

uint64_t torture_time_to_park(struct torture_block *block, uint64_t mask) {
  if (!mask || draw(block) & mask) return 0;
  return 1000 + (draw(block) & 0x3FFFF); // up to a quarter of a millisecond
}

__attribute__((noinline)) static void park(uint64_t nanoseconds) {
  struct ftrace_park park;
  ftrace_park_capture(&park);
  ftrace_park_begin(&park);
  ftrace_sleep(nanoseconds);
  ftrace_park_end(&park);
}

__attribute__((used, visibility("hidden"))) void torture_after_count(struct torture_tracer *tracer,
                                                                     struct torture_block *block) {
  if (tracer->drop_every) {
    uint64_t *cell = (uint64_t *)((uint8_t *)block + block->cell + tracer->row);
    // The planted fault: an event that happened and is not in the books.
    if (draw(block) % tracer->drop_every == 0) --*cell;
  }
  const uint64_t nanoseconds = torture_time_to_park(block, tracer->park_mask);
  if (nanoseconds) park(nanoseconds);
}
