#include "ftrace_test_shims.h"
