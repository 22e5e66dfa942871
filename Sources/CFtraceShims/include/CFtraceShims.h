#pragma once
#include "ftrace_code_ranges.h"
#include "ftrace_syscalls.h"
