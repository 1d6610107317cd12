/* __try, __except, __finally and __leave. */
#ifndef LIBIOCP_EXCPT_H
#define LIBIOCP_EXCPT_H
#pragma GCC system_header

#include "_libiocp/types.h"

#endif
