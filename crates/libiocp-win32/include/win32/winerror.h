/* Error codes. */
#ifndef LIBIOCP_WINERROR_H
#define LIBIOCP_WINERROR_H
#pragma GCC system_header

#include "_libiocp/errors.h"

#endif
