/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_SYSINFOAPI_H
#define LIBIOCP_SYSINFOAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
