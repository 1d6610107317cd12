/* The basic types. */
#ifndef LIBIOCP_WTYPES_H
#define LIBIOCP_WTYPES_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
