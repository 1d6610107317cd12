/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_DEBUGAPI_H
#define LIBIOCP_DEBUGAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
