/* Annotations, which mean nothing here. */
#ifndef LIBIOCP_SAL_H
#define LIBIOCP_SAL_H
#pragma GCC system_header

#include "_libiocp/sal_words.h"

#endif
