/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_PROFILEAPI_H
#define LIBIOCP_PROFILEAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
