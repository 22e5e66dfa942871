// Whether workers stand still during a stop.
#pragma once

/// An observer of stops: `context` points at twelve words. Copies the first four to the second four, waits for some microseconds, and
/// copies them to the third four.
void ftrace_test_watch(void *context);

/// The same for one word, whose address is word 0 of the context: copied to words 4 and 8.
void ftrace_test_watch_pointer(void *context);
