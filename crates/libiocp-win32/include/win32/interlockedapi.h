/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_INTERLOCKEDAPI_H
#define LIBIOCP_INTERLOCKEDAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
