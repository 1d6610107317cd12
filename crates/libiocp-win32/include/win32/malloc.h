/* libc's malloc.h and what Microsoft's has beside it. */
#ifndef LIBIOCP_MALLOC_H
#define LIBIOCP_MALLOC_H
#pragma GCC system_header

#include_next <malloc.h>
#include "_libiocp/crt_misc.h"

#endif
