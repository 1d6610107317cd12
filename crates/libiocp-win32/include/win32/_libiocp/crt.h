/* Microsoft's C runtime, as far as it differs from libc. All of it is in the
 * headers but for the threads. */
#ifndef LIBIOCP_CRT_H
#define LIBIOCP_CRT_H
#pragma GCC system_header

#include "crt_misc.h"
#include "crt_print.h"
#include "crt_scan.h"
#include "crt_string.h"

#endif
