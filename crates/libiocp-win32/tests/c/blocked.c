/* Eight threads under a limit of one block where the library cannot know of it:
 * all of them are at it at the same time. Argument: a way of seeing that, by its
 * number in <libiocp/iocp.h>. Prints "ok", or "refused" if the system does not
 * allow it. */
#include <libiocp/iocp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define THREADS 8

static iocp_handle port;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int handling;
static int block_pipe[2];

static void *handle_one(void *argument)
{
    uint32_t bytes;
    uintptr_t key;
    iocp_overlapped *overlapped;
    char byte;

    (void)argument;
    if (!iocp_GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, IOCP_INFINITE)) exit(2);
    pthread_mutex_lock(&mutex);
    handling++;
    pthread_cond_broadcast(&changed);
    if (key % 2 != 0) {
        while (handling < THREADS) pthread_cond_wait(&changed, &mutex);
        pthread_mutex_unlock(&mutex);
    } else {
        pthread_mutex_unlock(&mutex);
        if (read(block_pipe[0], &byte, 1) != 0) exit(3);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    uint32_t way = argc > 1 ? (uint32_t)atoi(argv[1]) : IOCP_DETECT_AUTO;
    int i;

    alarm(60);
    if (iocp_set_block_detection(NULL, way)) return 4;
    if (iocp_GetLastError() != IOCP_ERROR_INVALID_HANDLE) return 5;
    port = iocp_CreateIoCompletionPort(IOCP_INVALID_HANDLE, NULL, 0, 1);
    if (port == NULL || pipe(block_pipe) != 0) return 6;
    if (iocp_set_block_detection(port, 4)) return 7;
    if (iocp_GetLastError() != IOCP_ERROR_INVALID_PARAMETER) return 8;
    if (!iocp_set_block_detection(port, way)) {
        if (iocp_GetLastError() != 50) return 9;
        puts("refused");
        return 0;
    }
    for (i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, handle_one, NULL) != 0) return 10;
    }
    for (i = 0; i < THREADS; i++) {
        if (!iocp_PostQueuedCompletionStatus(port, 0, (uintptr_t)i, NULL)) return 11;
    }
    pthread_mutex_lock(&mutex);
    while (handling < THREADS) pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
    close(block_pipe[1]);
    for (i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    if (!iocp_CloseHandle(port)) return 12;
    puts("ok");
    return 0;
}
