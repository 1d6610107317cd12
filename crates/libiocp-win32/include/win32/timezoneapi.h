/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_TIMEZONEAPI_H
#define LIBIOCP_TIMEZONEAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
