/* Ports, packets, disk files and threads for the conformance programs.
 *
 * Packets. get_packet calls GetQueuedCompletionStatus with every output and
 * the last error filled with UNTOUCHED; then
 *   ok_success(packet, bytes, key, overlapped)         TRUE, last error as before
 *   ok_failure(packet, error, bytes, key, overlapped)  FALSE with a packet
 *   ok_none(packet, error)                             FALSE without a packet
 * each is one expectation.
 *
 * Actors. An actor is a thread that does one command after another, so that
 * the program's main thread never belongs to a port. A busy actor spins
 * between commands: it keeps running, as a thread with work to do does.
 * Another one blocks between commands.
 */
#ifndef CONFORM_PORTS_H
#define CONFORM_PORTS_H

#include "conform.h"

#define UNTOUCHED 0xdeadbeef
#define STATUS_OF(overlapped) ((DWORD)(overlapped)->Internal)

/* What must happen happens within LIMIT milliseconds, on any machine. */
#define LIMIT 10000
/* What must not happen is watched for this many milliseconds. */
#define MOMENT 100

struct packet {
    BOOL ok;
    DWORD error;
    DWORD bytes;
    ULONG_PTR key;
    OVERLAPPED *overlapped;
};

static inline HANDLE make_port(DWORD concurrency)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency);

    ok(port != NULL, "no port: %u", (unsigned)GetLastError());
    return port;
}

static inline struct packet get_packet(HANDLE port, DWORD milliseconds)
{
    struct packet packet;

    packet.bytes = UNTOUCHED;
    packet.key = UNTOUCHED;
    packet.overlapped = (OVERLAPPED *)UNTOUCHED;
    SetLastError(UNTOUCHED);
    packet.ok = GetQueuedCompletionStatus(port, &packet.bytes, &packet.key, &packet.overlapped,
                                          milliseconds);
    packet.error = GetLastError();
    return packet;
}

static inline void check_packet(const char *file, int line, int holds, struct packet packet,
                                const char *expected)
{
    conform_check(holds, file, line, "expected %s, got %s error %u bytes %#x key %#llx ov %p",
                  expected, packet.ok ? "TRUE" : "FALSE", (unsigned)packet.error,
                  (unsigned)packet.bytes, (unsigned long long)packet.key,
                  (void *)packet.overlapped);
}

static inline void check_success(const char *file, int line, struct packet packet, DWORD bytes,
                                 ULONG_PTR key, const void *overlapped)
{
    check_packet(file, line, packet.ok && packet.error == UNTOUCHED && packet.bytes == bytes
                 && packet.key == key && packet.overlapped == overlapped, packet,
                 "a packet of a success");
}

static inline void check_failure(const char *file, int line, struct packet packet, DWORD error,
                                 DWORD bytes, ULONG_PTR key, const void *overlapped)
{
    char expected[64];

    snprintf(expected, sizeof(expected), "a packet that failed with %u", (unsigned)error);
    check_packet(file, line, !packet.ok && packet.error == error && packet.bytes == bytes
                 && packet.key == key && packet.overlapped == overlapped, packet, expected);
}

static inline void check_none(const char *file, int line, struct packet packet, DWORD error)
{
    char expected[64];

    snprintf(expected, sizeof(expected), "no packet and error %u", (unsigned)error);
    check_packet(file, line, !packet.ok && packet.error == error && packet.bytes == UNTOUCHED
                 && packet.key == UNTOUCHED && !packet.overlapped, packet, expected);
}

#define ok_success(packet, bytes, key, overlapped) \
    check_success(__FILE__, __LINE__, packet, bytes, key, overlapped)
#define ok_failure(packet, error, bytes, key, overlapped) \
    check_failure(__FILE__, __LINE__, packet, error, bytes, key, overlapped)
#define ok_none(packet, error) check_none(__FILE__, __LINE__, packet, error)

/* One expectation: a call fails with an error. The call comes first. */
#define ok_fails(call, expected) do { \
        const char *mark_ = conform_inverted; \
        DWORD error_; \
        int failed_; \
        conform_inverted = NULL; \
        SetLastError(UNTOUCHED); \
        failed_ = !(call); \
        error_ = GetLastError(); \
        conform_inverted = mark_; \
        ok(failed_ && error_ == (expected), #call ": %s, error %u, expected %u", \
           failed_ ? "failed" : "succeeded", (unsigned)error_, (unsigned)(expected)); \
    } while (0)

/* A handle to the same object with other rights; NULL when it is refused. */
static inline HANDLE duplicate_with_access(HANDLE handle, DWORD access)
{
    HANDLE copy = NULL;

    DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, access, FALSE, 0);
    return copy;
}

static inline HANDLE duplicate(HANDLE handle)
{
    HANDLE copy = NULL;

    DuplicateHandle(GetCurrentProcess(), handle, GetCurrentProcess(), &copy, 0, FALSE,
                    DUPLICATE_SAME_ACCESS);
    ok(copy != NULL, "DuplicateHandle: %u", (unsigned)GetLastError());
    return copy;
}

static inline HANDLE make_event(BOOL manual, BOOL signaled)
{
    HANDLE event = CreateEventA(NULL, manual, signaled, NULL);

    ok(event != NULL, "no event: %u", (unsigned)GetLastError());
    return event;
}

static inline BOOL is_signaled(HANDLE handle)
{
    return WaitForSingleObject(handle, 0) == WAIT_OBJECT_0;
}

/* A handle value that no object has: its table entry was just given back. */
static inline HANDLE closed_handle(void)
{
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);

    CloseHandle(event);
    return event;
}

/* A new disk file of 4096 bytes 'x' that disappears with its last handle. */
static inline HANDLE make_file(DWORD access, DWORD flags)
{
    static volatile LONG number;
    char name[64], data[4096];
    DWORD written = 0;
    HANDLE file;

    snprintf(name, sizeof(name), "conform-%u-%u.tmp", (unsigned)GetCurrentProcessId(),
             (unsigned)InterlockedIncrement(&number));
    file = CreateFileA(name, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_ATTRIBUTE_NORMAL, NULL);
    memset(data, 'x', sizeof(data));
    WriteFile(file, data, sizeof(data), &written, NULL);
    CloseHandle(file);
    file = CreateFileA(name, access | DELETE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, flags | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(file != INVALID_HANDLE_VALUE && written == sizeof(data), "no file: %u",
       (unsigned)GetLastError());
    return file;
}

static inline HANDLE make_overlapped_file(void)
{
    return make_file(GENERIC_READ | GENERIC_WRITE, FILE_FLAG_OVERLAPPED);
}

/* Waits until a counter has at least this value. */
static inline BOOL reaches(volatile LONG *counter, LONG value, DWORD milliseconds)
{
    ULONGLONG end = GetTickCount64() + milliseconds;

    while (*counter < value) {
        if (GetTickCount64() >= end) return FALSE;
        Sleep(1);
    }
    return TRUE;
}

/* Win32 cannot tell that a thread has come to rest in a wait, so a thread that
 * said it is about to wait gets this time for the last few instructions. */
static inline void settle(void)
{
    Sleep(MOMENT);
}

struct actor {
    HANDLE thread;
    HANDLE command_given;
    BOOL busy;
    void (*command)(struct actor *);
    volatile LONG given, begun, done;

    /* What commands work with. */
    HANDLE port, handle;
    DWORD milliseconds;
    struct packet packet;
    void *context;
};

static DWORD WINAPI actor_main(void *context)
{
    struct actor *actor = context;

    for (;;) {
        if (!actor->busy) WaitForSingleObject(actor->command_given, INFINITE);
        while (actor->given == actor->done) YieldProcessor();
        InterlockedIncrement(&actor->begun);
        if (!actor->command) break;
        actor->command(actor);
        InterlockedIncrement(&actor->done);
    }
    return 0;
}

static inline void actor_start(struct actor *actor, HANDLE port, BOOL busy)
{
    memset(actor, 0, sizeof(*actor));
    actor->port = port;
    actor->busy = busy;
    actor->milliseconds = LIMIT;
    actor->command_given = make_event(FALSE, FALSE);
    actor->thread = CreateThread(NULL, 0, actor_main, actor, 0, NULL);
    ok(actor->thread != NULL, "no thread: %u", (unsigned)GetLastError());
}

/* Gives a command and returns once the actor has begun it. */
static inline void actor_begin(struct actor *actor, void (*command)(struct actor *))
{
    actor->command = command;
    MemoryBarrier();
    InterlockedIncrement(&actor->given);
    SetEvent(actor->command_given);
    ok(reaches(&actor->begun, actor->given, LIMIT), "an actor does not begin");
}

static inline BOOL actor_ends(struct actor *actor, DWORD milliseconds)
{
    return reaches(&actor->done, actor->given, milliseconds);
}

static inline void actor_do(struct actor *actor, void (*command)(struct actor *))
{
    actor_begin(actor, command);
    ok(actor_ends(actor, LIMIT), "an actor does not end its command");
}

/* Ends the thread. The last command must have ended or end by itself; when it
 * does not, the thread still uses the test's variables and nothing can follow. */
static inline void actor_stop(struct actor *actor)
{
    if (!actor->thread) return;
    if (!actor_ends(actor, 2 * LIMIT)) {
        printf("FAIL %s: a thread does not come back\n", conform_test);
        fflush(stdout);
        _Exit(3);
    }
    actor_begin(actor, NULL);
    ok(WaitForSingleObject(actor->thread, LIMIT) == WAIT_OBJECT_0, "an actor does not end");
    CloseHandle(actor->thread);
    CloseHandle(actor->command_given);
    actor->thread = NULL;
}

/* The command most actors get: take one packet. */
static inline void take_packet(struct actor *actor)
{
    actor->packet = get_packet(actor->port, actor->milliseconds);
}

/* Starts a thread that waits in GetQueuedCompletionStatus. */
static inline void waiter_start(struct actor *actor, HANDLE port)
{
    actor_start(actor, port, FALSE);
    actor_begin(actor, take_packet);
    settle();
}

/* A busy actor that took a packet and runs for the port ever since. */
static inline void runner_start(struct actor *runner, HANDLE port)
{
    actor_start(runner, port, TRUE);
    PostQueuedCompletionStatus(port, 0, 1000, NULL);
    actor_do(runner, take_packet);
    ok_success(runner->packet, 0, 1000, NULL);
}

/* A waiter of a port that is at its limit gets nothing. */
static inline BOOL held_back(struct actor *waiter)
{
    return !actor_ends(waiter, MOMENT);
}

static inline void ok_let_in(struct actor *waiter, ULONG_PTR key)
{
    ok(actor_ends(waiter, LIMIT / 2), "the waiter is not let in");
    ok_success(waiter->packet, 0, key, NULL);
}

/* Ends waiters of a port, also those that a failed expectation left waiting. */
static inline void waiters_stop(struct actor *waiters, int count, HANDLE port)
{
    int i;

    for (i = 0; i < count; i++)
        if (!actor_ends(&waiters[i], 0)) PostQueuedCompletionStatus(port, 0, 0, NULL);
    for (i = 0; i < count; i++) actor_stop(&waiters[i]);
}

#endif
