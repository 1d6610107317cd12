/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_SYNCHAPI_H
#define LIBIOCP_SYNCHAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
