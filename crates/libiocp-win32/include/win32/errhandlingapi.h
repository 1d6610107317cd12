/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_ERRHANDLINGAPI_H
#define LIBIOCP_ERRHANDLINGAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
