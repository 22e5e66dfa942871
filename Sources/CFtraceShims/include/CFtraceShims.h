// What Swift cannot say. Each header holds one idea.
#pragma once

#if !defined(__linux__) || !defined(__x86_64__)
#error "swift-ftrace needs Linux on x86-64: it emits x86-64 code and rests on membarrier(2), memfd_create(2) and futex(2)."
#endif

#include "ftrace_barrier.h"
#include "ftrace_channel.h"
#include "ftrace_code_ranges.h"
#include "ftrace_delay.h"
#include "ftrace_entry_points.h"
#include "ftrace_fork.h"
#include "ftrace_landing.h"
#include "ftrace_plan.h"
#include "ftrace_processor.h"
#include "ftrace_recorder.h"
#include "ftrace_registers.h"
#include "ftrace_sabotage.h"
#include "ftrace_sanitizers.h"
#include "ftrace_scan.h"
#include "ftrace_shadow.h"
#include "ftrace_signal.h"
#include "ftrace_signal_frame.h"
#include "ftrace_stop.h"
#include "ftrace_symbols.h"
#include "ftrace_syscalls.h"
#include "ftrace_territory.h"
#include "ftrace_thread.h"
#include "ftrace_ticket.h"
#include "ftrace_worker_name.h"
