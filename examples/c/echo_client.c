/* echo_client.c: many clients of an echo server, driven by one thread.
 *
 *   echo_client --port N [--host A.B.C.D] [--clients N] [--rounds N] [--size N]
 *
 * Each client connects with ConnectEx and then, round by round, sends `size`
 * bytes and receives as many, both overlapped and at the same time, and
 * compares them. Packets are taken in batches by GetQueuedCompletionStatusEx.
 * Prints what it did; the exit code is 0 if every byte came back.
 */
#define WIN32_LEAN_AND_MEAN
#include <winsock2.h>
#include <mswsock.h>
#include <windows.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64

typedef enum { CONNECTING, SENDING, RECEIVING } KIND;

/* An OVERLAPPED that knows what it is for. */
typedef struct {
    OVERLAPPED overlapped;
    KIND kind;
    BOOL in_flight;
} OPERATION;

/* A client connects, and after that has at most one send and one receive in
 * flight. It is finished when neither is left and no round is. */
typedef struct {
    SOCKET socket;
    OPERATION connect, send, receive;
    unsigned round;
    DWORD sent, received; /* bytes of this round */
    BOOL failed;
    char *out, *in;
} CLIENT;

static HANDLE port;
static LPFN_CONNECTEX connect_ex;
static DWORD message_size = 1024;
static unsigned rounds = 10;
static unsigned clients_open;
static uint64_t messages, bytes_echoed, errors;

static void client_failed(CLIENT *client, const char *what, DWORD error)
{
    if (!client->failed) {
        fprintf(stderr, "echo_client: %s: error %lu\n", what, (unsigned long)error);
        errors++;
    }
    client->failed = TRUE;
}

/* Takes the outcome of the call that started the operation: if it failed, no
 * packet will come; in every other case exactly one will. */
static void started(CLIENT *client, OPERATION *operation, BOOL succeeded, const char *what)
{
    DWORD error = succeeded ? 0 : (DWORD)WSAGetLastError();

    operation->in_flight = error == 0 || error == WSA_IO_PENDING;
    if (!operation->in_flight) client_failed(client, what, error);
}

static void start_send(CLIENT *client)
{
    WSABUF buffer;

    buffer.buf = client->out + client->sent;
    buffer.len = message_size - client->sent;
    memset(&client->send.overlapped, 0, sizeof(OVERLAPPED));
    started(client, &client->send,
            WSASend(client->socket, &buffer, 1, NULL, 0, &client->send.overlapped, NULL) == 0,
            "WSASend");
}

static void start_receive(CLIENT *client)
{
    WSABUF buffer;
    DWORD flags = 0;

    buffer.buf = client->in + client->received;
    buffer.len = message_size - client->received;
    memset(&client->receive.overlapped, 0, sizeof(OVERLAPPED));
    started(client, &client->receive,
            WSARecv(client->socket, &buffer, 1, NULL, &flags, &client->receive.overlapped,
                    NULL) == 0,
            "WSARecv");
}

static void start_round(CLIENT *client)
{
    DWORD i;

    for (i = 0; i < message_size; i++) client->out[i] = (char)rand();
    client->sent = client->received = 0;
    start_send(client);
    if (!client->failed) start_receive(client);
}

static void start_connect(CLIENT *client, const struct sockaddr_in *server)
{
    struct sockaddr_in any;

    /* ConnectEx wants a bound socket; port 0 lets the system choose. */
    memset(&any, 0, sizeof(any));
    any.sin_family = AF_INET;
    if (bind(client->socket, (const struct sockaddr *)&any, sizeof(any)) != 0) {
        client_failed(client, "bind", (DWORD)WSAGetLastError());
        return;
    }
    if (!CreateIoCompletionPort((HANDLE)client->socket, port, (ULONG_PTR)client, 0)) {
        client_failed(client, "CreateIoCompletionPort", GetLastError());
        return;
    }
    started(client, &client->connect,
            connect_ex(client->socket, (const struct sockaddr *)server, sizeof(*server), NULL, 0,
                       NULL, &client->connect.overlapped),
            "ConnectEx");
}

static void on_connected(CLIENT *client)
{
    /* Without this, shutdown and getpeername don't know that it is connected. */
    if (setsockopt(client->socket, SOL_SOCKET, SO_UPDATE_CONNECT_CONTEXT, NULL, 0) != 0)
        client_failed(client, "setsockopt", (DWORD)WSAGetLastError());
    else if (rounds)
        start_round(client);
}

static void on_transferred(CLIENT *client, OPERATION *operation, DWORD bytes)
{
    if (bytes == 0) {
        client_failed(client, "the server closed the connection", ERROR_HANDLE_EOF);
        return;
    }
    if (operation->kind == SENDING) {
        client->sent += bytes;
        if (client->sent < message_size) start_send(client);
    } else {
        client->received += bytes;
        if (client->received < message_size) start_receive(client);
    }
    if (client->sent < message_size || client->received < message_size) return;
    if (memcmp(client->out, client->in, message_size) != 0) {
        client_failed(client, "other bytes came back than were sent", ERROR_INVALID_DATA);
        return;
    }
    messages++;
    bytes_echoed += message_size;
    if (++client->round < rounds) start_round(client);
}

/* Closes a client that has nothing left to do. After a failure its other
 * operation may still be in flight: cancel it, and come back with its packet. */
static void close_if_finished(CLIENT *client)
{
    if (client->connect.in_flight || client->send.in_flight || client->receive.in_flight) {
        if (client->failed) CancelIoEx((HANDLE)client->socket, NULL);
        return;
    }
    if (!client->failed) shutdown(client->socket, SD_BOTH);
    closesocket(client->socket);
    clients_open--;
}

static void on_packet(const OVERLAPPED_ENTRY *entry)
{
    CLIENT *client = (CLIENT *)entry->lpCompletionKey;
    OPERATION *operation = CONTAINING_RECORD(entry->lpOverlapped, OPERATION, overlapped);
    static const char *const names[] = { "ConnectEx", "WSASend", "WSARecv" };
    DWORD bytes, flags;

    operation->in_flight = FALSE;
    /* The Ex form reports no error of its own; the operation's result does. */
    if (!WSAGetOverlappedResult(client->socket, &operation->overlapped, &bytes, FALSE, &flags))
        client_failed(client, names[operation->kind], (DWORD)WSAGetLastError());
    else if (!client->failed && operation->kind == CONNECTING)
        on_connected(client);
    else if (!client->failed)
        on_transferred(client, operation, bytes);
    close_if_finished(client);
}

static BOOL client_create(CLIENT *client)
{
    memset(client, 0, sizeof(*client));
    client->connect.kind = CONNECTING;
    client->send.kind = SENDING;
    client->receive.kind = RECEIVING;
    client->out = (char *)malloc(message_size);
    client->in = (char *)malloc(message_size);
    client->socket = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    if (client->out && client->in && client->socket != INVALID_SOCKET) return TRUE;
    client_failed(client, "WSASocket", (DWORD)WSAGetLastError());
    free(client->out);
    free(client->in);
    if (client->socket != INVALID_SOCKET) closesocket(client->socket);
    return FALSE;
}

static BOOL load_connect_ex(SOCKET socket)
{
    GUID guid = WSAID_CONNECTEX;
    DWORD bytes;

    return WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &guid, sizeof(guid), &connect_ex,
                    sizeof(connect_ex), &bytes, NULL, NULL) == 0;
}

static void run(CLIENT *clients, unsigned count, const struct sockaddr_in *server)
{
    OVERLAPPED_ENTRY entries[BATCH];
    ULONG taken, i;
    unsigned created = 0;

    while (created < count && client_create(&clients[created])) {
        CLIENT *client = &clients[created++];

        clients_open++;
        if (connect_ex || load_connect_ex(client->socket)) start_connect(client, server);
        else client_failed(client, "WSAIoctl", (DWORD)WSAGetLastError());
        if (client->failed) close_if_finished(client);
    }
    while (clients_open) {
        if (!GetQueuedCompletionStatusEx(port, entries, BATCH, &taken, INFINITE, FALSE)) {
            fprintf(stderr, "echo_client: GetQueuedCompletionStatusEx: error %lu\n",
                    (unsigned long)GetLastError());
            exit(1);
        }
        for (i = 0; i < taken; i++) on_packet(&entries[i]);
    }
    while (created) {
        free(clients[--created].out);
        free(clients[created].in);
    }
}

static BOOL parse(int argc, char **argv, struct sockaddr_in *server, unsigned *clients)
{
    int i;

    for (i = 1; i + 1 < argc; i += 2) {
        unsigned long value = strtoul(argv[i + 1], NULL, 10);

        if (strcmp(argv[i], "--host") == 0) server->sin_addr.s_addr = inet_addr(argv[i + 1]);
        else if (strcmp(argv[i], "--port") == 0) server->sin_port = htons((u_short)value);
        else if (strcmp(argv[i], "--clients") == 0) *clients = (unsigned)value;
        else if (strcmp(argv[i], "--rounds") == 0) rounds = (unsigned)value;
        else if (strcmp(argv[i], "--size") == 0) message_size = (DWORD)value;
        else return FALSE;
    }
    return i == argc && server->sin_port && server->sin_addr.s_addr != INADDR_NONE
        && *clients > 0 && message_size > 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in server = { 0 };
    unsigned count = 100;
    CLIENT *clients;
    WSADATA data;

    server.sin_family = AF_INET;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!parse(argc, argv, &server, &count)) {
        fprintf(stderr, "usage: echo_client --port N [--host A.B.C.D] [--clients N] [--rounds N]"
                        " [--size N]\n");
        return 2;
    }
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) {
        fprintf(stderr, "echo_client: no Winsock 2.2\n");
        return 1;
    }
    port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    clients = (CLIENT *)malloc(count * sizeof(*clients));
    if (!port || !clients) {
        fprintf(stderr, "echo_client: out of memory\n");
        return 1;
    }
    run(clients, count, &server);
    free(clients);
    CloseHandle(port);
    WSACleanup();
    printf("messages: %" PRIu64 "\nbytes: %" PRIu64 "\nerrors: %" PRIu64 "\n", messages,
           bytes_echoed, errors);
    return errors ? 1 : 0;
}
