/* Types of the native API. None of its functions are here. */
#ifndef LIBIOCP_WINTERNL_H
#define LIBIOCP_WINTERNL_H
#pragma GCC system_header

#include "windows.h"
#include "_libiocp/nt.h"

#endif
