/* <libiocp/iocp.h> beside libc's sockets, and against the drop-in headers'
 * layouts. C and C++. */
#include <sys/socket.h>
#include <netinet/in.h>
#include <libiocp/iocp.h>
#include <stdio.h>
#include <string.h>

#ifdef WITH_WINDOWS
#include <winsock2.h>
#include <windows.h>
#define SAME(mine, theirs) \
    typedef char same_##mine[sizeof(mine) == sizeof(theirs) ? 1 : -1] __attribute__((__unused__))
SAME(iocp_overlapped, OVERLAPPED);
SAME(iocp_overlapped_entry, OVERLAPPED_ENTRY);
SAME(iocp_security_attributes, SECURITY_ATTRIBUTES);
SAME(iocp_buffer, WSABUF);
SAME(iocp_guid, GUID);
SAME(iocp_sockaddr, SOCKADDR);
SAME(iocp_sockaddr_in, SOCKADDR_IN);
SAME(iocp_sockaddr_in6, SOCKADDR_IN6);
SAME(iocp_addrinfo, ADDRINFOA);
SAME(iocp_wsadata, WSADATA);
#endif

int main(void)
{
    iocp_overlapped overlapped, *got = NULL;
    uint32_t bytes = 0;
    uintptr_t key = 0;
    iocp_wsadata data;
    iocp_handle port = iocp_CreateIoCompletionPort(IOCP_INVALID_HANDLE, NULL, 0, 0);

    memset(&overlapped, 0, sizeof overlapped);
    if (port == NULL) return 1;
    if (!iocp_PostQueuedCompletionStatus(port, 7, 8, &overlapped)) return 2;
    if (!iocp_GetQueuedCompletionStatus(port, &bytes, &key, &got, 0)) return 3;
    if (bytes != 7 || key != 8 || got != &overlapped) return 4;
    if (iocp_GetQueuedCompletionStatus(port, &bytes, &key, &got, 0)) return 5;
    if (iocp_GetLastError() != IOCP_WAIT_TIMEOUT) return 6;
    if (!iocp_CloseHandle(port)) return 7;
    if (iocp_WSAStartup(0x0202, &data) != 0) return 8;
    if (iocp_socket(IOCP_AF_INET6 + 100, IOCP_SOCK_STREAM, 0) != IOCP_INVALID_SOCKET) return 9;
    if (iocp_WSACleanup() != 0) return 10;
    puts("ok");
    return 0;
}
