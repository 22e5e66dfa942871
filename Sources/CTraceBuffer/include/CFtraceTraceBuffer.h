// The writing side of the trace buffer, and what the reading side shares with it.
#pragma once

#include "ftrace_block.h"
#include "ftrace_buffer.h"
#include "ftrace_clock.h"
#include "ftrace_graph.h"
#include "ftrace_words.h"
