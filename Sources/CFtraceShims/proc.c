#define _GNU_SOURCE
#include "ftrace_proc.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ftrace_stop.h"

static char *append(char *end, const char *text) {
  while (*text) *end++ = *text++;
  return end;
}

static int open_file(int32_t tid, const char *name) {
  char path[64], digits[12], *first = digits + sizeof digits - 1;
  *first = 0;
  do *--first = (char)('0' + tid % 10);
  while (tid /= 10);
  char *const end = append(append(append(path, "/proc/self/task/"), first), name);
  *end = 0;
  return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

// The value of a hexadecimal digit, -1 of anything else.
static int digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

void ftrace_proc_place(int32_t tid, int64_t *call, uint64_t *pc) {
  *call = FTRACE_LATE_UNKNOWN;
  *pc = 0;
  const int file = open_file(tid, "/syscall");
  if (file < 0) return;
  // `running`, or a number, six arguments unless it is -1, the stack pointer and the pc.
  char text[256];
  const long count = syscall(SYS_read, file, text, sizeof text);
  syscall(SYS_close, file);
  if (count <= 0) return;
  if (text[0] == 'r') {
    *call = FTRACE_LATE_RUNNING;
    return;
  }
  if (text[0] == '-') {
    *call = FTRACE_LATE_BLOCKED;
  } else {
    *call = 0;
    for (long i = 0; i < count && text[i] >= '0' && text[i] <= '9'; i++) *call = *call * 10 + (text[i] - '0');
  }
  for (long i = 0; i < count && text[i] != '\n'; i++) {
    if (text[i] == ' ') *pc = 0; // the last word stays
    else if (digit(text[i]) >= 0) *pc = *pc << 4 | (uint64_t)digit(text[i]);
    else if (text[i] == 'x') *pc = 0;
  }
}

bool ftrace_proc_is_pending(int32_t tid, int signal) {
  static const char name[] = "\nSigPnd:\t";
  const int file = open_file(tid, "/status");
  if (file < 0) return false;
  size_t matched = 0; // bytes of the name
  uint64_t pending = 0;
  bool ends = false;
  while (!ends) {
    char text[512];
    const long count = syscall(SYS_read, file, text, sizeof text);
    if (count <= 0) break;
    for (long i = 0; i < count && !ends; i++) {
      if (matched < sizeof name - 1) {
        matched = text[i] == name[matched] ? matched + 1 : text[i] == name[0];
      } else if (digit(text[i]) >= 0) {
        pending = pending << 4 | (uint64_t)digit(text[i]);
      } else {
        ends = true;
      }
    }
  }
  syscall(SYS_close, file);
  return ends && pending >> (signal - 1) & 1;
}
