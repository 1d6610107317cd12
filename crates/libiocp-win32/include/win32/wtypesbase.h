/* The basic types. */
#ifndef LIBIOCP_WTYPESBASE_H
#define LIBIOCP_WTYPESBASE_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
