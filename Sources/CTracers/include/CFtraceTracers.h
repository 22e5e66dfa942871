// The out-of-line parts of compiled tracers.
#pragma once
#include "ftrace_counts.h"
#include "ftrace_profile.h"
#include "ftrace_stacks.h"
#include "ftrace_trigger.h"
