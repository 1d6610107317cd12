/* The basic types. */
#ifndef LIBIOCP_MINWINBASE_H
#define LIBIOCP_MINWINBASE_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
