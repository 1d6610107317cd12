/* port_basics.c: a completion port without any file: what it promises.
 *
 * Every step says what it shows and whether it came out so; the exit code is 0
 * if all did. (Under Wine 8 the last step does not; on Windows it does.)
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <process.h>

#include <stdio.h>

static int failures;

static void show(BOOL holds, const char *what)
{
    printf("%-6s %s\n", holds ? "yes" : "NO", what);
    if (!holds) failures++;
}

/* Packets come out in the order in which they went in, with all they carried.
 * What they carry is free: the OVERLAPPED of a posted packet is never followed. */
static void post_and_get(HANDLE port)
{
    OVERLAPPED marker;
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key = 0;
    DWORD bytes = 0;

    PostQueuedCompletionStatus(port, 1, 100, &marker);
    PostQueuedCompletionStatus(port, 2, 200, NULL);
    show(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0) && bytes == 1 && key == 100
             && overlapped == &marker,
         "the first packet comes first, with its bytes, key and OVERLAPPED");
    show(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0) && bytes == 2 && key == 200
             && !overlapped,
         "the second one follows; its OVERLAPPED may be NULL");
}

/* When nothing is dequeued the OVERLAPPED is NULL, and only that tells it from
 * the packet of a failed operation; bytes and key are left alone. */
static void time_out(HANDLE port)
{
    OVERLAPPED *overlapped = (OVERLAPPED *)&port;
    ULONG_PTR key = 4711;
    DWORD bytes = 4711;
    ULONGLONG begin;

    show(!GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 0)
             && GetLastError() == WAIT_TIMEOUT && !overlapped,
         "polling an empty port fails with WAIT_TIMEOUT and a NULL OVERLAPPED");
    show(bytes == 4711 && key == 4711, "bytes and key keep their values");
    begin = GetTickCount64();
    show(!GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, 100)
             && GetTickCount64() - begin >= 80,
         "a time-out of 100 ms waits that long");
}

static void batch(HANDLE port)
{
    OVERLAPPED_ENTRY entries[8];
    ULONG taken = 0, i;

    for (i = 0; i < 5; i++) PostQueuedCompletionStatus(port, i, i, NULL);
    show(GetQueuedCompletionStatusEx(port, entries, 8, &taken, INFINITE, FALSE) && taken == 5
             && entries[0].lpCompletionKey == 0 && entries[4].lpCompletionKey == 4,
         "GetQueuedCompletionStatusEx takes all that is there, in order, and does not wait for 8");
}

static void bad_handles(HANDLE port)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);

    show(!PostQueuedCompletionStatus(event, 0, 0, NULL) && GetLastError() == ERROR_INVALID_HANDLE,
         "an event is not a port: ERROR_INVALID_HANDLE");
    show(!CreateIoCompletionPort(event, port, 0, 0) && GetLastError() == ERROR_INVALID_HANDLE,
         "nor is it a file");
    show(!CreateIoCompletionPort(INVALID_HANDLE_VALUE, port, 0, 0)
             && GetLastError() == ERROR_INVALID_PARAMETER,
         "an existing port without a file: ERROR_INVALID_PARAMETER");
    CloseHandle(event);
}

typedef struct {
    HANDLE port;
    volatile LONG ready;
    DWORD error;
    BOOL nothing_dequeued;
} WAITER;

static unsigned __stdcall wait_for_packet(void *parameter)
{
    WAITER *waiter = (WAITER *)parameter;
    OVERLAPPED *overlapped = NULL;
    ULONG_PTR key;
    DWORD bytes;

    while (GetQueuedCompletionStatus(waiter->port, &bytes, &key, &overlapped, INFINITE))
        InterlockedExchange(&waiter->ready, 1);
    waiter->error = GetLastError();
    waiter->nothing_dequeued = overlapped == NULL;
    return 0;
}

/* Closing the last handle of a port wakes its waiters, who hold no handle. The
 * packet that the waiter takes first proves that its wait began before that. */
static void close_wakes(void)
{
    static WAITER waiter;
    HANDLE thread;

    waiter.port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    PostQueuedCompletionStatus(waiter.port, 0, 0, NULL);
    thread = (HANDLE)_beginthreadex(NULL, 0, wait_for_packet, &waiter, 0, NULL);
    while (!InterlockedCompareExchange(&waiter.ready, 0, 0)) Sleep(1);
    Sleep(50);
    CloseHandle(waiter.port);
    /* Wine 8 leaves it waiting; the limit lets the program say so and end. */
    show(WaitForSingleObject(thread, 2000) == WAIT_OBJECT_0 && waiter.nothing_dequeued
             && waiter.error == ERROR_ABANDONED_WAIT_0,
         "closing the port wakes a waiter with ERROR_ABANDONED_WAIT_0");
    CloseHandle(thread);
}

int main(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);

    if (!port) {
        fprintf(stderr, "port_basics: CreateIoCompletionPort: error %lu\n",
                (unsigned long)GetLastError());
        return 1;
    }
    post_and_get(port);
    time_out(port);
    batch(port);
    bad_handles(port);
    show(CloseHandle(port), "one CloseHandle closes the port");
    close_wakes();
    return failures ? 1 : 0;
}
