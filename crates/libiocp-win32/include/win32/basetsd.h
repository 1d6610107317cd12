/* The basic types. */
#ifndef LIBIOCP_BASETSD_H
#define LIBIOCP_BASETSD_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
