// What the torture needs of C: the callback whose every instruction is accounted for, and what looks at workers in stops.
#pragma once
#include "torture_books.h"
#include "torture_callback.h"
#include "torture_crash.h"
#include "torture_fork.h"
#include "torture_landing.h"
