/* The vocabulary of the conformance programs.
 *
 * A program is plain Win32 C. The same source runs on this library and, built
 * by mingw-w64, on Wine (one day on Windows). Each test is a function named
 * after the rule it shows: port_031_last_close_wakes_waiters.
 *
 *   ok(condition, format, ...)     one expectation; keeps the last error
 *   WINE_DIFFERS("why") ok(...)    Windows does this, Wine does not: under Wine
 *                                  the expectation must fail, so that the mark
 *                                  is removed when it is no longer needed
 *   OURS_DIFFERS("D7") ok(...)     the same for a divergence of this library
 *                                  that docs/divergences.md describes
 *   RUN(test)                      run a test
 *   RUN_WINE_FAILS(test, "why")    under Wine at least one expectation of the
 *                                  whole test must fail
 *
 * A test that does not end within CONFORM_SECONDS ends the program with exit
 * code 3 and the test's name, so that a lost wake-up is a failure, not a hang.
 *
 *   RUN_WINE_RACES(test, "why")    under Wine the outcome is a matter of chance, so
 *                                  it is shown and nothing is demanded
 *
 * A program ends with: return conform_end();
 */
#ifndef CONFORM_H
#define CONFORM_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <windows.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef CONFORM_SECONDS
#define CONFORM_SECONDS 60
#endif

#if defined(_WIN32) && !defined(LIBIOCP)
#define CONFORM_WINE 1
#else
#define CONFORM_WINE 0
#endif

static const char *conform_test = "";
static __thread const char *conform_inverted;
static LONG conform_failures_of_test;
static volatile LONG conform_tests_begun;
static int conform_failures, conform_passed;

static void conform_check(int condition, const char *file, int line, const char *format, ...)
{
    va_list arguments;
    DWORD error = GetLastError();
    const char *inverted = conform_inverted;

    conform_inverted = NULL;
    SetLastError(error);
    if (inverted ? !condition : condition) return;
    InterlockedIncrement(&conform_failures_of_test);
    printf("  %s:%d: %s: ", file, line, conform_test);
    if (inverted) printf("now holds, remove the mark \"%s\": ", inverted);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    SetLastError(error);
}

static inline void conform_mark(const char *why)
{
    DWORD error = GetLastError();

    conform_inverted = why;
    SetLastError(error);
}

/* The condition comes first, so that its message can show what it left behind. */
#define ok(condition, ...) do { \
        int holds_ = !!(condition); \
        conform_check(holds_, __FILE__, __LINE__, __VA_ARGS__); \
    } while (0)
#if CONFORM_WINE
#define WINE_DIFFERS(why) conform_mark(why);
#define OURS_DIFFERS(why)
#else
#define WINE_DIFFERS(why)
#define OURS_DIFFERS(why) conform_mark(why);
#endif

static DWORD WINAPI conform_watch(void *unused)
{
    LONG seen = 0, begun;
    int seconds = 0;

    (void)unused;
    for (;;) {
        Sleep(1000);
        begun = InterlockedCompareExchange(&conform_tests_begun, 0, 0);
        if (seen != begun) seconds = 0;
        seen = begun;
        if (++seconds <= CONFORM_SECONDS) continue;
        printf("FAIL %s: does not end\n", conform_test);
        fflush(stdout);
        _Exit(3);
    }
    return 0;
}

/* How a test is to end under Wine. */
enum conform_demand { CONFORM_HOLDS, CONFORM_FAILS, CONFORM_EITHER };

static void conform_run(void (*test)(void), const char *name, enum conform_demand demand,
                        const char *why)
{
    int failed;

    conform_test = name;
    conform_failures_of_test = 0;
    if (InterlockedIncrement(&conform_tests_begun) == 1)
        CloseHandle(CreateThread(NULL, 0, conform_watch, NULL, 0, NULL));
    test();
    failed = conform_failures_of_test != 0;
    if (demand == CONFORM_FAILS) {
        printf("%s %s (%s)\n", failed ? "known" : "FAIL: now holds:", name, why);
        failed = !failed;
    } else if (demand == CONFORM_EITHER) {
        printf("%s %s (%s)\n", failed ? "known" : "ok", name, why);
        failed = 0;
    } else {
        printf("%s %s\n", failed ? "FAIL" : "ok", name);
    }
    fflush(stdout);
    if (failed) conform_failures++; else conform_passed++;
}

#define RUN(test) conform_run(test, #test, CONFORM_HOLDS, NULL)
#if CONFORM_WINE
#define RUN_WINE_FAILS(test, why) conform_run(test, #test, CONFORM_FAILS, why)
#define RUN_WINE_RACES(test, why) conform_run(test, #test, CONFORM_EITHER, why)
#else
#define RUN_WINE_FAILS(test, why) RUN(test)
#define RUN_WINE_RACES(test, why) RUN(test)
#endif

static int conform_end(void)
{
    printf("%d passed, %d failed\n", conform_passed, conform_failures);
    return conform_failures ? 1 : 0;
}

#endif
