/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_PROCESSTHREADSAPI_H
#define LIBIOCP_PROCESSTHREADSAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
