/*
 * Posted packets through a completion port, for measurement.
 *
 *   pairs=N     one thread posts a packet and gets it, N times
 *   pingpong=N  two threads, two ports: N times there and back
 *
 * Prints "pairs_ns=X" and "pingpong_ns=X": nanoseconds for each pair or round trip.
 */
#include "options.h"

static HANDLE there, back;

static void post(HANDLE port, DWORD value)
{
    if (!PostQueuedCompletionStatus(port, value, 7, NULL))
        fail("PostQueuedCompletionStatus");
}

static DWORD get(HANDLE port)
{
    DWORD value = 0;
    ULONG_PTR key = 0;
    OVERLAPPED *overlapped = NULL;
    if (!GetQueuedCompletionStatus(port, &value, &key, &overlapped, INFINITE) || key != 7)
        fail("GetQueuedCompletionStatus");
    return value;
}

static double now_ns(void)
{
    LARGE_INTEGER now, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&now);
    return (double)now.QuadPart * 1e9 / (double)frequency.QuadPart;
}

static HANDLE new_port(void)
{
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
    if (port == NULL)
        fail("CreateIoCompletionPort");
    return port;
}

static void measure_pairs(DWORD count)
{
    double from = now_ns();
    for (DWORD i = 0; i < count; i++) {
        post(there, i);
        if (get(there) != i) {
            fprintf(stderr, "a packet came out of order\n");
            ExitProcess(1);
        }
    }
    printf("pairs_ns=%.2f\n", (now_ns() - from) / count);
}

static DWORD WINAPI partner(LPVOID count)
{
    for (DWORD i = 0; i < (DWORD)(ULONG_PTR)count; i++)
        post(back, get(there));
    return 0;
}

static void measure_ping_pong(DWORD count)
{
    double from;
    HANDLE thread = CreateThread(NULL, 0, partner, (LPVOID)(ULONG_PTR)count, 0, NULL);
    if (thread == NULL)
        fail("CreateThread");
    from = now_ns();
    for (DWORD i = 0; i < count; i++) {
        post(there, i);
        if (get(back) != i) {
            fprintf(stderr, "a packet came back changed\n");
            ExitProcess(1);
        }
    }
    printf("pingpong_ns=%.2f\n", (now_ns() - from) / count);
    WaitForSingleObject(thread, INFINITE);
    CloseHandle(thread);
}

int main(int argc, char **argv)
{
    DWORD pairs = (DWORD)option(argc, argv, "pairs", 0);
    DWORD round_trips = (DWORD)option(argc, argv, "pingpong", 0);
    there = new_port();
    back = new_port();
    if (pairs > 0)
        measure_pairs(pairs);
    if (round_trips > 0)
        measure_ping_pong(round_trips);
    CloseHandle(there);
    CloseHandle(back);
    return 0;
}
