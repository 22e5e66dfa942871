#include "ftrace_syscalls.h"

_Thread_local void *ftrace_fault_script_of_thread __attribute__((tls_model("initial-exec")));
