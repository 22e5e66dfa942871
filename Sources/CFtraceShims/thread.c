#include "CFtraceShims.h"
