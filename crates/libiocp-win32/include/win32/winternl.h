/* The native API, as far as the SDK's winternl.h has it. What else ntdll.dll
 * exports is found by GetProcAddress, or declared by the program. */
#ifndef LIBIOCP_WINTERNL_H
#define LIBIOCP_WINTERNL_H
#pragma GCC system_header

#include "windows.h"
#include "_libiocp/nt.h"

#endif
