/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_PROCESSENV_H
#define LIBIOCP_PROCESSENV_H
#pragma GCC system_header

#include "windows.h"

#endif
