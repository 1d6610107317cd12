/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_HEAPAPI_H
#define LIBIOCP_HEAPAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
