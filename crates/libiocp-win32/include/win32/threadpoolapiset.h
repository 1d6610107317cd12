/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_THREADPOOLAPISET_H
#define LIBIOCP_THREADPOOLAPISET_H
#pragma GCC system_header

#include "windows.h"

#endif
