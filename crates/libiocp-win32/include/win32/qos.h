/* A part of Winsock 2. */
#ifndef LIBIOCP_QOS_H
#define LIBIOCP_QOS_H
#pragma GCC system_header

#include "winsock2.h"
#include "_libiocp/extensions.h"

#endif
