/* Winsock 2. */
#ifndef LIBIOCP_WINSOCK2_H
#define LIBIOCP_WINSOCK2_H
#pragma GCC system_header

#include "_libiocp/sockets.h"
#include "windows.h"

#endif
