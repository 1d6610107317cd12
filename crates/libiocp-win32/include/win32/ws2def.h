/* A part of Winsock 2. */
#ifndef LIBIOCP_WS2DEF_H
#define LIBIOCP_WS2DEF_H
#pragma GCC system_header

#include "winsock2.h"
#include "_libiocp/extensions.h"

#endif
