/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_HANDLEAPI_H
#define LIBIOCP_HANDLEAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
