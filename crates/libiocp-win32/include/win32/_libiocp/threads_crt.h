/* The C runtime's threads: process.h. */
#ifndef LIBIOCP_THREADS_CRT_H
#define LIBIOCP_THREADS_CRT_H
#pragma GCC system_header

#include "types.h"

IOCP_BEGIN_C

typedef void(__cdecl *_beginthread_proc_type)(void *);
typedef unsigned(__stdcall *_beginthreadex_proc_type)(void *);

uintptr_t _beginthread(_beginthread_proc_type start_address, unsigned stack_size, void *arglist);
uintptr_t _beginthreadex(void *security, unsigned stack_size,
                         _beginthreadex_proc_type start_address, void *arglist, unsigned initflag,
                         unsigned *thrdaddr);
void _endthreadex(unsigned retval);

IOCP_END_C

#endif
