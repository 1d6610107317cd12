/* What libiocp's benchmark programs share. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <windows.h>

#include <stdio.h>

#include "words.h"

/* Ends the program with the call that failed and its error code. */
static void fail(const char *call)
{
    fprintf(stderr, "%s failed: error %u\n", call, (unsigned)GetLastError());
    ExitProcess(1);
}

#endif
