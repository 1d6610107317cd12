/* Windows has these declarations here; windows.h has them all. */
#ifndef LIBIOCP_JOBAPI2_H
#define LIBIOCP_JOBAPI2_H
#pragma GCC system_header

#include "windows.h"

#endif
