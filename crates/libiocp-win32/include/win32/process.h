/* The C runtime's threads. */
#ifndef LIBIOCP_PROCESS_H
#define LIBIOCP_PROCESS_H
#pragma GCC system_header

#include "_libiocp/threads_crt.h"

#endif
