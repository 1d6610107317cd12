/* Options of the benchmark programs: words of the form name=number on the command line. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <windows.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number given for `name`, or `otherwise`. */
static long long option(int argc, char **argv, const char *name, long long otherwise)
{
    size_t length = strlen(name);
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=')
            return strtoll(argv[i] + length + 1, NULL, 10);
    }
    return otherwise;
}

/* Ends the program with the call that failed and its error code. */
static void fail(const char *call)
{
    fprintf(stderr, "%s failed: error %u\n", call, (unsigned)GetLastError());
    ExitProcess(1);
}

#endif
