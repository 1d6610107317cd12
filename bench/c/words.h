/* Options of the rival programs: words of the form name=number on the command line. */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

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

#endif
