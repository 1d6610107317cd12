/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_INTRIN_H
#define LIBIOCP_INTRIN_H
#pragma GCC system_header

#include "windows.h"

#endif
