/* A part of Winsock 2. */
#ifndef LIBIOCP_INADDR_H
#define LIBIOCP_INADDR_H
#pragma GCC system_header

#include "winsock2.h"
#include "_libiocp/extensions.h"

#endif
