/* The Win32 API. */
#ifndef LIBIOCP_WINDOWS_H
#define LIBIOCP_WINDOWS_H
#pragma GCC system_header

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "sdkddkver.h"
#include "_libiocp/types.h"
#include "_libiocp/errors.h"
#include "_libiocp/status_words.h"
#include "_libiocp/atomic.h"
#include "_libiocp/objects.h"
#include "_libiocp/processes.h"
#include "_libiocp/files.h"
#include "_libiocp/system.h"
#include "_libiocp/pools.h"
#ifndef WIN32_LEAN_AND_MEAN
#include "winsock.h"
#endif
#ifndef LIBIOCP_NO_CRT
#include "_libiocp/crt.h"
#include "_libiocp/main.h"
#endif

#endif
