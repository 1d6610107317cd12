/* The basic types. */
#ifndef LIBIOCP_MINWINDEF_H
#define LIBIOCP_MINWINDEF_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
