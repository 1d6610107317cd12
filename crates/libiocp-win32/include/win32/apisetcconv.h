/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_APISETCCONV_H
#define LIBIOCP_APISETCCONV_H
#pragma GCC system_header

#include "windows.h"

#endif
