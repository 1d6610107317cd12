/* Types of Microsoft's C runtime. */
#ifndef LIBIOCP_CORECRT_H
#define LIBIOCP_CORECRT_H
#pragma GCC system_header

#include "_libiocp/crt.h"

#endif
