/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_WINCON_H
#define LIBIOCP_WINCON_H
#pragma GCC system_header

#include "windows.h"

#endif
