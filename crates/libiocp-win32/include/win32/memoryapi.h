/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_MEMORYAPI_H
#define LIBIOCP_MEMORYAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
