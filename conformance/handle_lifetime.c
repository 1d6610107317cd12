/* How long objects live: handles.md section H. */
#include "net.h"
#include "handles.h"

/* A pending operation keeps its event, although nobody has a handle to it. */
static void hnd_061_a_pending_operation_keeps_its_event(void)
{
    HANDLE port = make_port(0), event = make_event(TRUE, FALSE), stranger;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    overlapped.hEvent = event;
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    ok(CloseHandle(event), "%u", (unsigned)GetLastError());
    stranger = make_event(TRUE, FALSE);
    send(client, "abc", 3, 0);
    ok_success(get_packet(port, LIMIT), 3, 1, &overlapped);
    ok(!is_signaled(stranger), "the new owner of the value is signaled");
    CloseHandle(stranger);
    closesocket(server);
    closesocket(client);
    CloseHandle(port);
}

static void hnd_061_the_event_is_still_set_through_a_duplicate(void)
{
    HANDLE event = make_event(TRUE, FALSE), copy = duplicate(event);
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    char buffer[8];

    make_tcp_pair(&client, &server);
    overlapped.hEvent = event;
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    CloseHandle(event);
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject(copy, LIMIT) == WAIT_OBJECT_0, "not set");
    closesocket(server);
    closesocket(client);
    CloseHandle(copy);
}

static void wait_for_a_handle(struct actor *actor)
{
    actor->packet.error = WaitForSingleObject(actor->handle, actor->milliseconds);
}

/* A thread keeps its own object: nobody needs a handle for it to go on. */
static void hnd_061_a_thread_runs_without_handles(void)
{
    HANDLE event = make_event(TRUE, FALSE);
    struct actor actor;

    actor_start(&actor, NULL, FALSE);
    CloseHandle(actor.thread);
    actor.handle = event;
    actor_begin(&actor, wait_for_a_handle);
    SetEvent(event);
    ok(actor_ends(&actor, LIMIT), "the thread is gone");
    ok(actor.packet.error == WAIT_OBJECT_0, "got %#x", (unsigned)actor.packet.error);
    actor_begin(&actor, NULL);
    settle();
    CloseHandle(actor.command_given);
    CloseHandle(event);
}

static DWORD WINAPI return_42(void *unused)
{
    (void)unused;
    return 42;
}

static void hnd_062_a_dead_thread_can_be_asked(void)
{
    HANDLE thread = CreateThread(NULL, 0, return_42, NULL, 0, NULL), copy = duplicate(thread);
    DWORD code = UNTOUCHED;

    ok(WaitForSingleObject(thread, LIMIT) == WAIT_OBJECT_0, "no end");
    CloseHandle(thread);
    ok(GetExitCodeThread(copy, &code) && code == 42, "%u", (unsigned)code);
    ok(is_signaled(copy) && is_signaled(copy), "it stays signaled");
    CloseHandle(copy);
    ok_fails(GetExitCodeThread(copy, &code), ERROR_INVALID_HANDLE);
}

/* Rules: HND-63, PORT-030 */
static void hnd_063_files_keep_the_port_object(void)
{
    enum { FILES = 20 };
    HANDLE port = make_port(0), files[FILES];
    OVERLAPPED overlapped[FILES];
    DWORD bytes;
    char buffer[8];
    int i;

    memset(overlapped, 0, sizeof(overlapped));
    for (i = 0; i < FILES; i++) {
        files[i] = make_overlapped_file();
        CreateIoCompletionPort(files[i], port, i, 0);
        overlapped[i].hEvent = make_event(TRUE, FALSE);
    }
    CloseHandle(port);
    for (i = 0; i < FILES; i++) {
        ReadFile(files[i], buffer, sizeof(buffer), NULL, &overlapped[i]);
        ok(GetOverlappedResult(files[i], &overlapped[i], &bytes, TRUE) && bytes == 8, "file %d",
           i);
        ok_fails(CreateIoCompletionPort(files[i], NULL, 0, 0), ERROR_INVALID_PARAMETER);
        CloseHandle(files[i]);
        CloseHandle(overlapped[i].hEvent);
    }
}

/* Rules: HND-64, PORT-039 */
static void hnd_064_completions_to_a_dead_port_go_nowhere(void)
{
    HANDLE port = make_port(0);
    SOCKET client, server;
    OVERLAPPED overlapped = {0}, closing = {0};
    char buffer[8] = "";

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    CloseHandle(port);
    send(client, "abc", 3, 0);
    ok(WaitForSingleObject((HANDLE)server, LIMIT) == WAIT_OBJECT_0, "the receive does not end");
    ok(!memcmp(buffer, "abc", 3), "no data");
    start_receive(server, buffer, sizeof(buffer), &closing);
    ok(!closesocket(server), "%d", WSAGetLastError());
    closesocket(client);
    settle();
}

/* Rules: HND-45, HND-30 */
static void hnd_045_the_peer_sees_one_close(void)
{
    HANDLE copies[3];
    SOCKET client, server;
    u_long nonblocking = 1;
    char buffer[4];
    int i;

    make_tcp_pair(&client, &server);
    ok(!ioctlsocket(client, FIONBIO, &nonblocking), "nonblocking");
    for (i = 0; i < 3; i++) copies[i] = duplicate((HANDLE)server);
    for (i = 0; i < 3; i++) CloseHandle(copies[i]);
    settle();
    ok(recv(client, buffer, 4, 0) == SOCKET_ERROR && WSAGetLastError() == WSAEWOULDBLOCK,
       "the close of a duplicate is seen: %d", WSAGetLastError());
    ok(send(server, "abc", 3, 0) == 3 && has_bytes(client, 3), "the connection works");
    ok(recv(client, buffer, 4, 0) == 3, "%d", WSAGetLastError());
    closesocket(server);
    nonblocking = 0;
    ioctlsocket(client, FIONBIO, &nonblocking);
    ok(recv(client, buffer, 4, 0) == 0, "the last close is not seen: %d", WSAGetLastError());
    closesocket(client);
}

static BOOL exists(const char *name)
{
    HANDLE file = CreateFileA(name, 0, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                              NULL, OPEN_EXISTING, 0, NULL);

    if (file == INVALID_HANDLE_VALUE) return FALSE;
    CloseHandle(file);
    return TRUE;
}

/* Rules: HND-65, HND-26 */
static void hnd_065_delete_on_close_waits_for_the_last_duplicate(void)
{
    char name[64];
    HANDLE file, copy;

    snprintf(name, sizeof(name), "conform-delete-%u.tmp", (unsigned)GetCurrentProcessId());
    file = CreateFileA(name, GENERIC_WRITE | DELETE,
                       FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       CREATE_ALWAYS, FILE_FLAG_DELETE_ON_CLOSE, NULL);
    ok(file != INVALID_HANDLE_VALUE, "%u", (unsigned)GetLastError());
    copy = duplicate(file);
    CloseHandle(file);
    ok(exists(name), "deleted with the first handle");
    CloseHandle(copy);
    ok(!exists(name), "not deleted with the last handle");
}

/* The last close cancels, even if another object still refers to the file. */
static void hnd_065_cleanup_comes_with_the_last_handle(void)
{
    HANDLE port = make_port(0), copy;
    SOCKET client, server;
    OVERLAPPED overlapped = {0};
    struct packet packet;
    char buffer[8];

    make_tcp_pair(&client, &server);
    CreateIoCompletionPort((HANDLE)server, port, 1, 0);
    copy = duplicate((HANDLE)server);
    start_receive(server, buffer, sizeof(buffer), &overlapped);
    CloseHandle(copy);
    ok_none(get_packet(port, MOMENT), WAIT_TIMEOUT);
    closesocket(server);
    packet = get_packet(port, 0);
    ok(!packet.ok && packet.overlapped == &overlapped && packet.bytes == 0, "%d, %u", packet.ok,
       (unsigned)packet.error);
    ok(recv(client, buffer, sizeof(buffer), 0) <= 0, "the peer is not told");
    closesocket(client);
    CloseHandle(port);
}

int main(void)
{
    net_start();
    RUN(hnd_045_the_peer_sees_one_close);
    RUN(hnd_061_a_pending_operation_keeps_its_event);
    RUN(hnd_061_the_event_is_still_set_through_a_duplicate);
    RUN(hnd_061_a_thread_runs_without_handles);
    RUN(hnd_062_a_dead_thread_can_be_asked);
    RUN(hnd_063_files_keep_the_port_object);
    RUN(hnd_064_completions_to_a_dead_port_go_nowhere);
    RUN(hnd_065_delete_on_close_waits_for_the_last_duplicate);
    RUN(hnd_065_cleanup_comes_with_the_last_handle);
    return conform_end();
}
