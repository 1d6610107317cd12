/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_WINNT_H
#define LIBIOCP_WINNT_H
#pragma GCC system_header

#include "windows.h"

#endif
