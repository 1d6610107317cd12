/* The C runtime's threads. */
#ifndef LIBIOCP_PROCESS_H
#define LIBIOCP_PROCESS_H
#pragma GCC system_header

#include "_libiocp/objects.h"
#include "_libiocp/threads_crt.h"
#include <stdlib.h>

#define _getpid() ((int)GetCurrentProcessId())

#endif
