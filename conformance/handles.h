/* Helpers for the conformance programs on handles. */
#ifndef CONFORM_HANDLES_H
#define CONFORM_HANDLES_H

#include "ports.h"

#ifndef ERROR_NOT_SAME_OBJECT
#define ERROR_NOT_SAME_OBJECT 1656
#endif

#define TAG(handle, bits) ((HANDLE)((ULONG_PTR)(handle) | (bits)))
#define PSEUDO(value) ((HANDLE)(LONG_PTR)(value))

/* mingw-w64's import libraries of the usual build line do not have it. */
#if CONFORM_WINE
static inline BOOL compare_handles(HANDLE first, HANDLE second)
{
    union { FARPROC plain; BOOL (WINAPI *compare)(HANDLE, HANDLE); } function;

    function.plain = GetProcAddress(GetModuleHandleA("kernelbase.dll"), "CompareObjectHandles");
    return function.compare && function.compare(first, second);
}
#else
#define compare_handles CompareObjectHandles
#endif

static inline DWORD flags_of(HANDLE handle)
{
    DWORD flags = UNTOUCHED;

    return GetHandleInformation(handle, &flags) ? flags : UNTOUCHED;
}

/* One expectation: a wait fails with an error. */
#define ok_wait_fails(call, expected) do { \
        const char *mark_ = conform_inverted; \
        DWORD result_, error_; \
        conform_inverted = NULL; \
        SetLastError(UNTOUCHED); \
        result_ = (call); \
        error_ = GetLastError(); \
        conform_inverted = mark_; \
        ok(result_ == WAIT_FAILED && error_ == (expected), #call ": %#x, error %u, expected %u", \
           (unsigned)result_, (unsigned)error_, (unsigned)(expected)); \
    } while (0)

#endif
