/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_WINNLS_H
#define LIBIOCP_WINNLS_H
#pragma GCC system_header

#include "windows.h"

#endif
