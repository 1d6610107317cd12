/* The basic types. */
#ifndef LIBIOCP_WINDEF_H
#define LIBIOCP_WINDEF_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
