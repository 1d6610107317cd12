/* Loopback TCP for the conformance programs: sockets with operations that
 * stay pending for as long as a test likes. Include it before conform.h.
 */
#ifndef CONFORM_NET_H
#define CONFORM_NET_H

#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>

#include "conform.h"

/* What AcceptEx needs in its buffer for each of the two addresses. */
#define ADDRESS_SPACE (sizeof(struct sockaddr_in) + 16)

static inline void net_start(void)
{
    WSADATA data;
    int error = WSAStartup(MAKEWORD(2, 2), &data);

    if (!error) return;
    printf("FAIL: WSAStartup gives %d\n", error);
    exit(2);
}

/* An unbound TCP socket that can do overlapped I/O. */
static inline SOCKET make_socket(void)
{
    return WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
}

/* A socket that listens on a free port of the loopback address. */
static inline SOCKET make_listener(struct sockaddr_in *address)
{
    SOCKET listener = make_socket();
    int size = sizeof(*address);

    memset(address, 0, sizeof(*address));
    address->sin_family = AF_INET;
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!bind(listener, (struct sockaddr *)address, sizeof(*address))
        && !getsockname(listener, (struct sockaddr *)address, &size)
        && !listen(listener, 16))
        return listener;
    ok(0, "make_listener: %d", WSAGetLastError());
    closesocket(listener);
    return INVALID_SOCKET;
}

/* The two ends of one connection, both able to do overlapped I/O. */
static inline BOOL make_tcp_pair(SOCKET *client, SOCKET *server)
{
    struct sockaddr_in address;
    SOCKET listener = make_listener(&address);

    *client = make_socket();
    *server = INVALID_SOCKET;
    if (!connect(*client, (struct sockaddr *)&address, sizeof(address)))
        *server = accept(listener, NULL, NULL);
    ok(*server != INVALID_SOCKET, "make_tcp_pair: %d", WSAGetLastError());
    closesocket(listener);
    return *server != INVALID_SOCKET;
}

/* Starts a receive: 0 when it is done, WSA_IO_PENDING or another error. */
static inline int start_receive(SOCKET socket, void *buffer, ULONG size, OVERLAPPED *overlapped)
{
    WSABUF area;
    DWORD flags = 0, bytes;

    area.buf = buffer;
    area.len = size;
    if (!WSARecv(socket, &area, 1, overlapped ? NULL : &bytes, &flags, overlapped, NULL)) return 0;
    return WSAGetLastError();
}

/* Starts a send: 0 when it is done, WSA_IO_PENDING or another error. */
static inline int start_send(SOCKET socket, const void *data, ULONG size, OVERLAPPED *overlapped)
{
    WSABUF area;
    DWORD bytes;

    area.buf = (char *)data;
    area.len = size;
    if (!WSASend(socket, &area, 1, overlapped ? NULL : &bytes, 0, overlapped, NULL)) return 0;
    return WSAGetLastError();
}

/* Makes the peer of `socket` see a reset instead of a graceful end. */
static inline void close_with_reset(SOCKET socket)
{
    struct linger linger = { 1, 0 };

    setsockopt(socket, SOL_SOCKET, SO_LINGER, (const char *)&linger, sizeof(linger));
    closesocket(socket);
}

/* Waits until a socket has at least this many bytes to read. */
static inline BOOL has_bytes(SOCKET socket, u_long count)
{
    ULONGLONG end = GetTickCount64() + 10000;
    u_long there = 0;

    while (!ioctlsocket(socket, FIONREAD, &there) && there < count) {
        if (GetTickCount64() >= end) return FALSE;
        Sleep(1);
    }
    return there >= count;
}

static inline LPFN_CONNECTEX get_connect_ex(SOCKET socket)
{
    GUID id = WSAID_CONNECTEX;
    LPFN_CONNECTEX function = NULL;
    DWORD bytes = 0;

    WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id),
             &function, sizeof(function), &bytes, NULL, NULL);
    return function;
}

static inline LPFN_DISCONNECTEX get_disconnect_ex(SOCKET socket)
{
    GUID id = WSAID_DISCONNECTEX;
    LPFN_DISCONNECTEX function = NULL;
    DWORD bytes = 0;

    WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id),
             &function, sizeof(function), &bytes, NULL, NULL);
    return function;
}

#endif
