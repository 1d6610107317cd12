/* The basic types. */
#ifndef LIBIOCP_GUIDDEF_H
#define LIBIOCP_GUIDDEF_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
