/* Files of thread pools: ports.md section Q. */
#include "net.h"
#include "pools.h"

static SOCKET client, server;
static volatile LONG calls, last_error, last_bytes, running;
static OVERLAPPED *volatile last_overlapped;
static HANDLE gate;
static char data[64], buffer[64];

static void CALLBACK completed(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    last_error = (LONG)error;
    last_bytes = (LONG)bytes;
    last_overlapped = overlapped;
    InterlockedIncrement(&calls);
}

/* Rules: PORT-250, PORT-252 */
static void port_250_bound_files_call_back(void)
{
    OVERLAPPED receive = { 0 }, send = { 0 };

    calls = 0;
    make_tcp_pair(&client, &server);
    ok(BindIoCompletionCallback((HANDLE)server, completed, 0), "%u", (unsigned)GetLastError());
    start_receive(server, buffer, sizeof(buffer), &receive);
    start_send(client, data, 10, &send);
    ok(counts(&calls, 1), "%d calls", (int)calls);
    ok(last_error == 0 && last_bytes == 10 && last_overlapped == &receive, "%d, %d bytes",
       (int)last_error, (int)last_bytes);
    memset(&send, 0, sizeof(send));
    start_send(server, data, 20, &send);
    ok(counts(&calls, 2), "%d calls: one that succeeds at once calls too", (int)calls);
    ok(last_bytes == 20 && last_overlapped == &send, "%d bytes", (int)last_bytes);
    memset(&receive, 0, sizeof(receive));
    start_receive(server, buffer, sizeof(buffer), &receive);
    CancelIoEx((HANDLE)server, &receive);
    ok(counts(&calls, 3), "%d calls", (int)calls);
    ok(last_error == ERROR_OPERATION_ABORTED && last_bytes == 0, "%d, %d bytes", (int)last_error,
       (int)last_bytes);
    closesocket(client);
    closesocket(server);
}

static void port_251_what_cannot_be_bound(void)
{
    char name[400];
    HANDLE file;

    make_tcp_pair(&client, &server);
    ok(BindIoCompletionCallback((HANDLE)server, completed, 0), "%u", (unsigned)GetLastError());
    ok_fails(BindIoCompletionCallback((HANDLE)server, completed, 0), ERROR_INVALID_PARAMETER);
    ok_fails(BindIoCompletionCallback((HANDLE)server, NULL, 0), ERROR_INVALID_PARAMETER);
    ok_fails(BindIoCompletionCallback(NULL, completed, 0), ERROR_INVALID_HANDLE);
    snprintf(name, sizeof(name), "%s/conform-pool-%u", getenv("TEMP") ? getenv("TEMP") : "/tmp",
             (unsigned)GetCurrentProcessId());
    file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                       FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(file != INVALID_HANDLE_VALUE, "error %u", (unsigned)GetLastError());
    ok_fails(BindIoCompletionCallback(file, completed, 0), ERROR_INVALID_PARAMETER);
    CloseHandle(file);
    closesocket(client);
    closesocket(server);
}

static void CALLBACK io_completed(TP_CALLBACK_INSTANCE *instance, void *context, void *overlapped,
                                  ULONG result, ULONG_PTR bytes, TP_IO *io)
{
    (void)instance;
    (void)io;
    last_error = (LONG)result;
    last_bytes = (LONG)bytes;
    last_overlapped = overlapped;
    InterlockedIncrement(&running);
    if (context) waited(context);
    InterlockedIncrement(&calls);
}

static TP_IO *begin(void *context)
{
    TP_IO *io;

    calls = running = 0;
    make_tcp_pair(&client, &server);
    io = CreateThreadpoolIo((HANDLE)server, io_completed, context, NULL);
    ok(io != NULL, "error %u", (unsigned)GetLastError());
    return io;
}

static void end(TP_IO *io)
{
    if (io) CloseThreadpoolIo(io);
    closesocket(client);
    closesocket(server);
}

static void port_253_each_operation_that_was_started_calls_once(void)
{
    OVERLAPPED receive = { 0 }, send = { 0 };
    TP_IO *io = begin(NULL);

    SetLastError(UNTOUCHED);
    ok(!CreateThreadpoolIo((HANDLE)server, io_completed, NULL, NULL)
           && GetLastError() == ERROR_INVALID_PARAMETER, "error %u", (unsigned)GetLastError());
    SetLastError(UNTOUCHED);
    ok(!CreateThreadpoolIo(NULL, io_completed, NULL, NULL)
           && GetLastError() == ERROR_INVALID_HANDLE, "error %u", (unsigned)GetLastError());
    StartThreadpoolIo(io);
    start_receive(server, buffer, sizeof(buffer), &receive);
    start_send(client, data, 7, &send);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    ok(calls == 1 && last_error == 0 && last_bytes == 7 && last_overlapped == &receive,
       "%d calls, error %d, %d bytes", (int)calls, (int)last_error, (int)last_bytes);
    end(io);
}

static void port_253_success_at_once_without_a_packet_is_cancelled(void)
{
    OVERLAPPED send = { 0 };
    TP_IO *io = begin(NULL);

    ok(SetFileCompletionNotificationModes((HANDLE)server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS),
       "error %u", (unsigned)GetLastError());
    StartThreadpoolIo(io);
    if (start_send(server, data, 5, &send) == 0) CancelThreadpoolIo(io);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    Sleep(20);
    ok(calls == 0, "%d calls", (int)calls);
    end(io);
}

static void port_254_a_cancelled_operation(void)
{
    OVERLAPPED receive = { 0 };
    TP_IO *io = begin(NULL);

    StartThreadpoolIo(io);
    start_receive(server, buffer, sizeof(buffer), &receive);
    ok(CancelIoEx((HANDLE)server, NULL), "error %u", (unsigned)GetLastError());
    WaitForThreadpoolIoCallbacks(io, FALSE);
    ok(calls == 1 && last_error == ERROR_OPERATION_ABORTED && last_bytes == 0,
       "%d calls, error %d", (int)calls, (int)last_error);
    end(io);
}

static void port_255_an_operation_whose_start_was_cancelled_calls_nobody(void)
{
    OVERLAPPED first = { 0 }, second = { 0 }, send = { 0 };
    TP_IO *io = begin(NULL);

    StartThreadpoolIo(io);
    CancelThreadpoolIo(io);
    start_receive(server, buffer, 1, &first);
    start_send(client, data, 1, &send);
    ok(counts((volatile LONG *)&first.Internal, 0), "the receive does not end");
    Sleep(20);
    ok(calls == 0, "%d calls", (int)calls);
    StartThreadpoolIo(io);
    start_receive(server, buffer, 1, &second);
    memset(&send, 0, sizeof(send));
    start_send(client, data, 1, &send);
    WaitForThreadpoolIoCallbacks(io, FALSE);
    ok(calls == 1 && last_overlapped == &second, "%d calls", (int)calls);
    end(io);
}

static DWORD CALLBACK wait_for_io(void *io)
{
    WaitForThreadpoolIoCallbacks(io, FALSE);
    return 0;
}

static void port_256_waiting_counts_what_was_started(void)
{
    OVERLAPPED receive = { 0 }, send = { 0 };
    TP_IO *io = begin(NULL);
    HANDLE thread;

    StartThreadpoolIo(io);
    thread = CreateThread(NULL, 0, wait_for_io, io, 0, NULL);
    ok(WaitForSingleObject(thread, 50) == WAIT_TIMEOUT, "nothing was read, and it does not wait");
    start_receive(server, buffer, sizeof(buffer), &receive);
    ok(WaitForSingleObject(thread, 50) == WAIT_TIMEOUT, "nothing has come, and it does not wait");
    start_send(client, data, 3, &send);
    ok(waited(thread), "it waits for ever");
    ok(calls == 1, "%d calls", (int)calls);
    CloseHandle(thread);
    StartThreadpoolIo(io);
    thread = CreateThread(NULL, 0, wait_for_io, io, 0, NULL);
    ok(WaitForSingleObject(thread, 50) == WAIT_TIMEOUT, "it does not wait");
    CancelThreadpoolIo(io);
    ok(waited(thread), "it waits for ever");
    CloseHandle(thread);
    end(io);
}

static void port_256_cancelling_reaches_what_has_not_come(void)
{
    OVERLAPPED receive = { 0 }, send = { 0 };
    TP_IO *io = begin(NULL);

    StartThreadpoolIo(io);
    start_receive(server, buffer, 1, &receive);
    WaitForThreadpoolIoCallbacks(io, TRUE);
    ok(receive.Internal == STATUS_PENDING, "the operation was cancelled");
    start_send(client, data, 2, &send);
    ok(counts((volatile LONG *)&receive.Internal, 0), "the receive does not end");
    Sleep(20);
    ok(calls == 0, "%d calls", (int)calls);
    end(io);
}

static void port_257_callbacks_run_at_once_and_the_object_ends_after_them(void)
{
    OVERLAPPED receives[4], send = { 0 };
    TP_IO *io = begin(gate);
    int i;

    ResetEvent(gate);
    memset(receives, 0, sizeof(receives));
    for (i = 0; i < 4; i++) {
        StartThreadpoolIo(io);
        start_receive(server, buffer + i, 1, &receives[i]);
    }
    start_send(client, data, 4, &send);
    ok(counts(&running, 4), "%d run at once", (int)running);
    CloseThreadpoolIo(io);
    SetEvent(gate);
    ok(counts(&calls, 4), "%d calls", (int)calls);
    end(NULL);
    io = begin(NULL);
    StartThreadpoolIo(io);
    memset(receives, 0, sizeof(receives));
    start_receive(server, buffer, 1, &receives[0]);
    CloseThreadpoolIo(io);
    memset(&send, 0, sizeof(send));
    start_send(client, data, 1, &send);
    ok(counts(&calls, 1), "%d calls of a closed object", (int)calls);
    end(NULL);
}

int main(void)
{
    net_start();
    gate = make_event(TRUE, FALSE);
    RUN(port_250_bound_files_call_back);
    RUN(port_251_what_cannot_be_bound);
    RUN(port_253_each_operation_that_was_started_calls_once);
    RUN(port_253_success_at_once_without_a_packet_is_cancelled);
    RUN(port_254_a_cancelled_operation);
    RUN(port_255_an_operation_whose_start_was_cancelled_calls_nobody);
    RUN(port_256_waiting_counts_what_was_started);
    RUN(port_256_cancelling_reaches_what_has_not_come);
    RUN(port_257_callbacks_run_at_once_and_the_object_ends_after_them);
    return conform_end();
}
