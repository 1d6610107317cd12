/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_CONSOLEAPI_H
#define LIBIOCP_CONSOLEAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
