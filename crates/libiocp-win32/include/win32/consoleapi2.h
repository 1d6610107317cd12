/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_CONSOLEAPI2_H
#define LIBIOCP_CONSOLEAPI2_H
#pragma GCC system_header

#include "windows.h"

#endif
