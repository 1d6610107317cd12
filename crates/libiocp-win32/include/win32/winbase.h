/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_WINBASE_H
#define LIBIOCP_WINBASE_H
#pragma GCC system_header

#include "windows.h"

#endif
