/* Microsoft's extensions of Winsock. */
#ifndef LIBIOCP_MSWSOCK_H
#define LIBIOCP_MSWSOCK_H
#pragma GCC system_header

#include "winsock2.h"
#include "_libiocp/extensions.h"

#endif
