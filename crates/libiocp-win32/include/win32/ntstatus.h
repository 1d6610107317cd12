/* NTSTATUS codes, of type NTSTATUS. */
#ifndef LIBIOCP_NTSTATUS_H
#define LIBIOCP_NTSTATUS_H
#pragma GCC system_header

#include "_libiocp/status.h"

#endif
