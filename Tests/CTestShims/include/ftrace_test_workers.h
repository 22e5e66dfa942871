// Workers in rare places, step by step: what the stop and the scan make of them.
#pragma once

/// Runs one of the scenarios in `workers.c`, by its name, in a process that makes no stops of its own. Returns NULL, or what is wrong.
const char *ftrace_test_worker(const char *name);
