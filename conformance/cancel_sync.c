/* CancelSynchronousIo: PORT-186, PORT-187. */
#include "sockets.h"

/* A connection whose own end is not overlapped. */
static struct pair plain_pair(void)
{
    struct sockaddr_in address;
    SOCKET door = listener(&address);
    struct pair pair;

    pair.here = WSASocketA(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, 0);
    ok_socket(pair.here);
    ok_zero(connect_to(pair.here, &address));
    pair.peer = accept_one(door);
    closesocket(door);
    return pair;
}

struct reader {
    HANDLE file, thread;
    OVERLAPPED *ov;
    char data[8];
    volatile LONG begun;
    BOOL result;
    DWORD bytes, error;
};

static DWORD WINAPI read_now(void *context)
{
    struct reader *reader = context;

    reader->begun = 1;
    SetLastError(UNTOUCHED);
    reader->result = ReadFile(reader->file, reader->data, sizeof(reader->data), &reader->bytes,
                              reader->ov);
    reader->error = GetLastError();
    return 0;
}

static DWORD WINAPI take_now(void *context)
{
    struct reader *reader = context;

    reader->begun = 1;
    reader->error = take(reader->file, LIMIT).error;
    return 0;
}

static DWORD WINAPI wait_now(void *context)
{
    struct reader *reader = context;

    reader->begun = 1;
    reader->error = WaitForSingleObject(reader->file, LIMIT);
    return 0;
}

static void begin(struct reader *reader, DWORD (WINAPI *function)(void *))
{
    reader->begun = 0;
    reader->bytes = UNTOUCHED;
    reader->thread = CreateThread(NULL, 0, function, reader, 0, NULL);
    UNTIL(reader->begun);
    Sleep(QUIET);
}

static BOOL ends(struct reader *reader)
{
    BOOL has_ended = WaitForSingleObject(reader->thread, LIMIT) == WAIT_OBJECT_0;

    CloseHandle(reader->thread);
    return has_ended;
}

static void port_186_a_blocked_read_is_cancelled(void)
{
    struct pair pair = plain_pair();
    struct reader reader;

    memset(&reader, 0, sizeof(reader));
    reader.file = (HANDLE)pair.here;
    begin(&reader, read_now);
    ok_true(CancelSynchronousIo(reader.thread));
    ok(WaitForSingleObject(reader.thread, LIMIT) == WAIT_OBJECT_0, "the read does not end");
    ok(!reader.result && reader.error == ERROR_OPERATION_ABORTED, "%d, error %u", reader.result,
       (unsigned)reader.error);
    ok_false(CancelSynchronousIo(reader.thread), ERROR_NOT_FOUND);
    ok(ends(&reader), "no end");
    /* Nothing was lost, and the socket goes on. */
    begin(&reader, read_now);
    send_text(pair.peer, "abc");
    ok(ends(&reader) && reader.result && reader.bytes == 3, "%d, %u bytes", reader.result,
       (unsigned)reader.bytes);
    close_pair(pair);
}

static void port_186_who_is_in_no_synchronous_operation(void)
{
    struct pair pair = tcp_pair();
    static char data[8];
    HANDLE thread, weak;
    OVERLAPPED ov;

    DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &thread, 0,
                    FALSE, DUPLICATE_SAME_ACCESS);
    DuplicateHandle(GetCurrentProcess(), thread, GetCurrentProcess(), &weak, SYNCHRONIZE, FALSE,
                    0);
    ok_false(CancelSynchronousIo(thread), ERROR_NOT_FOUND);
    fresh(&ov);
    ok_pends(start_recv(pair.here, data, sizeof(data), &ov));
    ok_false(CancelSynchronousIo(thread), ERROR_NOT_FOUND);
    ok((ULONG)ov.Internal == NT_PENDING, "the overlapped receive was cancelled");
    ok_false(CancelSynchronousIo(NULL), ERROR_INVALID_HANDLE);
    ok_false(CancelSynchronousIo(weak), ERROR_ACCESS_DENIED);
    CloseHandle(thread);
    CloseHandle(weak);
    close_pair(pair);
}

static void port_187_a_wait_is_no_operation(void)
{
    struct reader reader;

    memset(&reader, 0, sizeof(reader));
    reader.file = new_port();
    begin(&reader, take_now);
    ok_false(CancelSynchronousIo(reader.thread), ERROR_NOT_FOUND);
    PostQueuedCompletionStatus(reader.file, 0, 0, NULL);
    ok(ends(&reader) && reader.error == UNTOUCHED, "error %u", (unsigned)reader.error);
    CloseHandle(reader.file);
    reader.file = new_event();
    begin(&reader, wait_now);
    ok_false(CancelSynchronousIo(reader.thread), ERROR_NOT_FOUND);
    SetEvent(reader.file);
    ok(ends(&reader) && reader.error == WAIT_OBJECT_0, "error %u", (unsigned)reader.error);
    CloseHandle(reader.file);
}

int main(void)
{
    winsock_start();
    RUN(port_186_a_blocked_read_is_cancelled);
    RUN(port_186_who_is_in_no_synchronous_operation);
    RUN(port_187_a_wait_is_no_operation);
    return conform_end();
}
