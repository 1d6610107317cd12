/* Helpers for the conformance programs on thread pools. */
#ifndef CONFORM_POOLS_H
#define CONFORM_POOLS_H

#include "ports.h"

/* Longer than anything takes that comes at all. */
#define GENEROUS 20000

static inline BOOL waited(HANDLE handle)
{
    return WaitForSingleObject(handle, GENEROUS) == WAIT_OBJECT_0;
}

static inline BOOL counts(volatile LONG *counter, LONG value)
{
    return reaches(counter, value, GENEROUS);
}

static inline FILETIME after_ms(int milliseconds)
{
    ULARGE_INTEGER time;
    FILETIME result;

    time.QuadPart = (ULONGLONG)(milliseconds * -10000LL);
    result.dwLowDateTime = time.LowPart;
    result.dwHighDateTime = time.HighPart;
    return result;
}

#endif
