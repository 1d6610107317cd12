/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_JOBAPI_H
#define LIBIOCP_JOBAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
