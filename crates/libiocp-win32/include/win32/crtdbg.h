/* The debugging heap of the C runtime, as a release build sees it. */
#ifndef LIBIOCP_CRTDBG_H
#define LIBIOCP_CRTDBG_H
#pragma GCC system_header

#include <assert.h>
#include "_libiocp/compiler.h"

/* As in a build without _DEBUG: nothing is checked and nothing is reported. */
#define _ASSERT(e) ((void)0)
#define _ASSERTE(e) ((void)0)
#define _RPT0(kind, text) ((void)0)
#define _RPTF0(kind, text) ((void)0)
#define _CrtSetDbgFlag(flags) ((int)0)
#define _CrtDumpMemoryLeaks() ((int)0)
#define _CrtCheckMemory() ((int)1)
#define _CrtSetReportMode(kind, mode) ((int)0)
#define _CrtSetBreakAlloc(number) ((long)0)
#define _CRT_WARN 0
#define _CRT_ERROR 1
#define _CRT_ASSERT 2
#define _CRTDBG_ALLOC_MEM_DF 0x01
#define _CRTDBG_DELAY_FREE_MEM_DF 0x02
#define _CRTDBG_CHECK_ALWAYS_DF 0x04
#define _CRTDBG_LEAK_CHECK_DF 0x20
#define _CRTDBG_REPORT_FLAG (-1)
#define _CRTDBG_MODE_FILE 0x1
#define _CRTDBG_MODE_DEBUG 0x2
#define _CRTDBG_MODE_WNDW 0x4

#endif
