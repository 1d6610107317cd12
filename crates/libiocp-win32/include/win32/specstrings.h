/* Annotations, which mean nothing here. */
#ifndef LIBIOCP_SPECSTRINGS_H
#define LIBIOCP_SPECSTRINGS_H
#pragma GCC system_header

#include "_libiocp/sal_words.h"

#endif
