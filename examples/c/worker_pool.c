/* worker_pool.c: a pool of threads on a port, and what its concurrency value does.
 *
 *   worker_pool [--workers N] [--concurrency N] [--jobs N]
 *
 * A port lets only as many of its threads run at once as it was told to, so a
 * pool may have more threads than processors without them competing. When one
 * of the running threads blocks, the port lets another one in: that is what the
 * surplus threads are for. The first half of the program shows the limit, the
 * second how it gives way.
 */
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <process.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 64
#define JOB_MILLISECONDS 20

/* Completion keys are the jobs. */
enum { COMPUTE = 1, BLOCK = 2, QUIT = 3 };

static HANDLE port;
static HANDLE finished; /* every job of the current half is done */
static volatile LONG left, running, most_running;

static void compute(void)
{
    ULONGLONG end = GetTickCount64() + JOB_MILLISECONDS;

    while (GetTickCount64() < end) continue;
}

static void note_running(LONG now)
{
    LONG most = most_running;

    while (now > most) {
        LONG seen = InterlockedCompareExchange(&most_running, now, most);
        if (seen == most) return;
        most = seen;
    }
}

static unsigned __stdcall worker(void *parameter)
{
    (void)parameter;
    for (;;) {
        OVERLAPPED *overlapped;
        ULONG_PTR job;
        DWORD bytes;

        /* To wait here is what takes a thread out of the count of running ones,
         * so do all the work of a packet before coming back. */
        if (!GetQueuedCompletionStatus(port, &bytes, &job, &overlapped, INFINITE)) return 1;
        if (job == QUIT) return 0;
        note_running(InterlockedIncrement(&running));
        if (job == BLOCK) Sleep(JOB_MILLISECONDS);
        else compute();
        InterlockedDecrement(&running);
        if (InterlockedDecrement(&left) == 0) SetEvent(finished);
    }
}

static void run_jobs(ULONG_PTR job, LONG count, const char *what)
{
    ULONGLONG begin = GetTickCount64();
    LONG i;

    left = count;
    most_running = 0;
    for (i = 0; i < count; i++) PostQueuedCompletionStatus(port, 0, job, NULL);
    WaitForSingleObject(finished, INFINITE);
    printf("%ld jobs that %s: at most %ld at once, %lu ms\n", (long)count, what,
           (long)most_running, (unsigned long)(GetTickCount64() - begin));
}

static BOOL parse(int argc, char **argv, unsigned *workers, unsigned *concurrency, LONG *jobs)
{
    int i;

    for (i = 1; i + 1 < argc; i += 2) {
        unsigned long value = strtoul(argv[i + 1], NULL, 10);

        if (strcmp(argv[i], "--workers") == 0) *workers = (unsigned)value;
        else if (strcmp(argv[i], "--concurrency") == 0) *concurrency = (unsigned)value;
        else if (strcmp(argv[i], "--jobs") == 0) *jobs = (LONG)value;
        else return FALSE;
    }
    return i == argc && *workers > 0 && *workers <= WORKERS_MAX && *jobs > 0;
}

int main(int argc, char **argv)
{
    HANDLE threads[WORKERS_MAX];
    unsigned workers = 8, concurrency = 2, i;
    LONG jobs = 40;

    if (!parse(argc, argv, &workers, &concurrency, &jobs)) {
        fprintf(stderr, "usage: worker_pool [--workers N (up to %d)] [--concurrency N]"
                        " [--jobs N]\n", WORKERS_MAX);
        return 2;
    }
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, concurrency);
    finished = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!port || !finished) {
        fprintf(stderr, "worker_pool: error %lu\n", (unsigned long)GetLastError());
        return 1;
    }
    for (i = 0; i < workers; i++) {
        threads[i] = (HANDLE)_beginthreadex(NULL, 0, worker, NULL, 0, NULL);
        if (!threads[i]) {
            fprintf(stderr, "worker_pool: _beginthreadex: error %lu\n",
                    (unsigned long)GetLastError());
            return 1;
        }
    }
    printf("%u workers, concurrency %u\n", workers, concurrency);
    run_jobs(COMPUTE, jobs, "compute");
    run_jobs(BLOCK, jobs, "block");

    for (i = 0; i < workers; i++) PostQueuedCompletionStatus(port, 0, QUIT, NULL);
    WaitForMultipleObjects(workers, threads, TRUE, INFINITE);
    for (i = 0; i < workers; i++) CloseHandle(threads[i]);
    CloseHandle(finished);
    CloseHandle(port);
    return 0;
}
