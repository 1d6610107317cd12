/* __try, __except, __finally and __leave, without hardware exceptions.
 *
 * No exception is ever raised, so an __except block never runs and a __finally
 * block runs when the __try block ends or is left by __leave. Leaving a __try
 * that has a __finally by return, break, continue or goto would skip the
 * __finally block, which Windows would run: that ends the program with a
 * message instead. See docs/c-headers.md.
 */
#ifndef LIBIOCP_SEH_H
#define LIBIOCP_SEH_H
#pragma GCC system_header

#include <stdio.h>
#include <stdlib.h>
#ifdef __cplusplus
#include <exception>
#endif

struct iocp_try {
    int has_finally;
    int ended;
};

IOCP_INLINE void iocp_try_left(struct iocp_try *scope)
{
    if (scope->has_finally && !scope->ended) {
        fputs("libiocp: a __try with a __finally was left by return, break, continue or goto\n",
              stderr);
        abort();
    }
}

/* The condition of one if statement holds the guarded block: break, continue
 * and return in it mean what they say, and its else is the __finally block.
 * The jump forward and back lets the scope know which block follows. */
#define IOCP_TRY_OPEN                                                                      \
    if (__extension__({                                                                    \
        __label__ iocp_leave, iocp_kind, iocp_body;                                        \
        struct iocp_try iocp_scope __attribute__((__cleanup__(iocp_try_left))) = {0, 0};   \
        goto iocp_kind;                                                                    \
    iocp_body:;
#define IOCP_TRY_CLOSE(with_finally)                                                       \
    goto iocp_leave;                                                                       \
    iocp_kind:                                                                             \
        iocp_scope.has_finally = (with_finally);                                           \
        goto iocp_body;                                                                    \
    iocp_leave:                                                                            \
        iocp_scope.ended = 1;                                                              \
        0;                                                                                 \
    }))
#define IOCP_FINALLY \
    IOCP_TRY_CLOSE(1);  \
    else
#define IOCP_EXCEPT(filter)                   \
    IOCP_TRY_CLOSE(0);                        \
    else if (__extension__({ 1; }) || (filter)) \
        ;                                     \
    else
#define IOCP_LEAVE goto iocp_leave

#ifndef __cplusplus

#define __try IOCP_TRY_OPEN
#define __finally IOCP_FINALLY
#define __except(filter) IOCP_EXCEPT(filter)
#define __leave IOCP_LEAVE

#else

/* libstdc++'s headers use the words __try and __catch for try and catch, so
 * the words have their Windows meaning in the source file itself only; in a
 * header __leave is a throw and a __try is left by return unnoticed. */
struct iocp_leave_try {};
#define IOCP_WHERE IOCP_SECOND(IOCP_PASTE(IOCP_AT_LEVEL_, __INCLUDE_LEVEL__), HEADER, ~)
#define IOCP_AT_LEVEL_0 ~, SOURCE
#define IOCP_SECOND(...) IOCP_SECOND_NOW(__VA_ARGS__)
#define IOCP_SECOND_NOW(first, second, ...) second
#define IOCP_TRY_SOURCE IOCP_TRY_OPEN
#define IOCP_FINALLY_SOURCE IOCP_FINALLY
#define IOCP_LEAVE_SOURCE IOCP_LEAVE
#define IOCP_EXCEPT_SOURCE(filter) IOCP_EXCEPT(filter)
#ifdef __cpp_exceptions
#define IOCP_TRY_HEADER try
#define IOCP_FINALLY_HEADER catch (const iocp_leave_try &) {}
#define IOCP_EXCEPT_HEADER(filter) \
    catch (const iocp_leave_try &) {} if (__extension__({ 1; }) || (filter)) ; else
#define IOCP_LEAVE_HEADER throw iocp_leave_try()
#else
#define IOCP_TRY_HEADER if (true)
#define IOCP_FINALLY_HEADER
#define IOCP_EXCEPT_HEADER(filter) if (__extension__({ 1; }) || (filter)) ; else
#endif
#undef __try
#define __try IOCP_PASTE(IOCP_TRY_, IOCP_WHERE)
#define __finally IOCP_PASTE(IOCP_FINALLY_, IOCP_WHERE)
#define __leave IOCP_PASTE(IOCP_LEAVE_, IOCP_WHERE)
#define __except(filter) IOCP_PASTE(IOCP_EXCEPT_, IOCP_WHERE)(filter)

#endif

#define _try __try
#define _finally __finally
#define _leave __leave
#define _except __except

#define EXCEPTION_EXECUTE_HANDLER 1
#define EXCEPTION_CONTINUE_SEARCH 0
#define EXCEPTION_CONTINUE_EXECUTION (-1)

/* Of use in a filter or an __except block, neither of which runs. */
#define GetExceptionCode() ((DWORD)0)
#define GetExceptionInformation() ((struct _EXCEPTION_POINTERS *)0)
#define exception_code GetExceptionCode
#define exception_info GetExceptionInformation
/* A __finally block runs after a normal end only. */
#define AbnormalTermination() ((BOOL)0)
#define abnormal_termination AbnormalTermination

#endif
