/* Types of Microsoft's C runtime. */
#ifndef LIBIOCP_CRTDEFS_H
#define LIBIOCP_CRTDEFS_H
#pragma GCC system_header

#include "_libiocp/crt.h"

#endif
