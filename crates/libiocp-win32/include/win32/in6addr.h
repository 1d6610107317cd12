/* A part of Winsock 2. */
#ifndef LIBIOCP_IN6ADDR_H
#define LIBIOCP_IN6ADDR_H
#pragma GCC system_header

#include "winsock2.h"
#include "_libiocp/extensions.h"

#endif
