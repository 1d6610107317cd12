/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_FILEAPI_H
#define LIBIOCP_FILEAPI_H
#pragma GCC system_header

#include "windows.h"

#endif
