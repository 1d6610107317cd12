/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_UTILAPISET_H
#define LIBIOCP_UTILAPISET_H
#pragma GCC system_header

#include "windows.h"

#endif
