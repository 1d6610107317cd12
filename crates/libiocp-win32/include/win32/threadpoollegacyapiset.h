/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_THREADPOOLLEGACYAPISET_H
#define LIBIOCP_THREADPOOLLEGACYAPISET_H
#pragma GCC system_header

#include "windows.h"

#endif
