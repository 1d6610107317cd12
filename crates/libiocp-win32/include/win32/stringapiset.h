/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_STRINGAPISET_H
#define LIBIOCP_STRINGAPISET_H
#pragma GCC system_header

#include "windows.h"

#endif
