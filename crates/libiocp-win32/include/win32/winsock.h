/* Winsock 1 is a part of Winsock 2. */
#ifndef LIBIOCP_WINSOCK_H
#define LIBIOCP_WINSOCK_H
#pragma GCC system_header

#include "_libiocp/sockets.h"
#include "_libiocp/extensions.h"

#endif
