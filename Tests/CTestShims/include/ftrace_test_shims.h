// What tests need of C: counting of allocations, single steps, a look at the thread block, a scan of stopped stacks.
#pragma once
#include "ftrace_test_allocations.h"
#include "ftrace_test_landing.h"
#include "ftrace_test_process.h"
#include "ftrace_test_stacks.h"
#include "ftrace_test_steps.h"
#include "ftrace_test_thread.h"
#include "ftrace_test_watch.h"
#include "ftrace_test_workers.h"
