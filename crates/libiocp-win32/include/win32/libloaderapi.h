/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_LIBLOADERAPI_H
#define LIBIOCP_LIBLOADERAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
