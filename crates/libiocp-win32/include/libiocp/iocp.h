/* The library under names of its own: nothing here is called as Windows or libc
 * calls it, so the file goes with every other header. The functions are those of
 * the drop-in headers, with iocp_ before their names, and do what Microsoft's
 * documentation says of them; text is UTF-8, wide text UTF-16. C and C++.
 *
 *     cc program.c -liocp
 */
#ifndef LIBIOCP_IOCP_H
#define LIBIOCP_IOCP_H

#include <stddef.h>
#include <stdint.h>

/* The symbol behind a name. */
#define IOCP_AS(symbol) __asm__(#symbol)

#ifdef __cplusplus
extern "C" {
#endif

typedef void *iocp_handle;
typedef uintptr_t iocp_socket_t;

#define IOCP_INVALID_HANDLE ((iocp_handle)(intptr_t)-1)
#define IOCP_INVALID_SOCKET ((iocp_socket_t)-1)

/* Filled with zeros before an operation; it stays where it is until the
 * operation's packet has come. A position in a file has 64 bits. */
typedef struct iocp_overlapped {
    uintptr_t internal;
    uintptr_t internal_high;
    uint64_t offset;
    iocp_handle event;
} iocp_overlapped;

/* A packet, as iocp_GetQueuedCompletionStatusEx gives it. */
typedef struct iocp_overlapped_entry {
    uintptr_t key;
    iocp_overlapped *overlapped;
    uintptr_t internal;
    uint32_t bytes;
} iocp_overlapped_entry;

typedef struct iocp_security_attributes {
    uint32_t length;
    void *security_descriptor;
    int inherit_handle;
} iocp_security_attributes;

typedef struct iocp_buffer {
    uint32_t length;
    char *data;
} iocp_buffer;

typedef struct iocp_guid {
    uint32_t data1;
    uint16_t data2;
    uint16_t data3;
    uint8_t data4[8];
} iocp_guid;

typedef struct iocp_sockaddr {
    uint16_t family;
    char data[14];
} iocp_sockaddr;

typedef struct iocp_sockaddr_in {
    uint16_t family;
    uint16_t port;
    uint32_t address;
    char zero[8];
} iocp_sockaddr_in;

typedef struct iocp_sockaddr_in6 {
    uint16_t family;
    uint16_t port;
    uint32_t flow_info;
    uint8_t address[16];
    uint32_t scope_id;
} iocp_sockaddr_in6;

typedef struct iocp_addrinfo {
    int flags;
    int family;
    int socktype;
    int protocol;
    size_t addrlen;
    char *canonname;
    iocp_sockaddr *addr;
    struct iocp_addrinfo *next;
} iocp_addrinfo;

typedef struct iocp_wsadata {
    uint16_t version;
    uint16_t high_version;
    uint16_t max_sockets;
    uint16_t max_udp_datagram;
    char *vendor_info;
    char description[257];
    char system_status[129];
} iocp_wsadata;

typedef uint32_t (*iocp_thread_start)(void *parameter);
typedef void (*iocp_file_routine)(uint32_t error, uint32_t bytes, iocp_overlapped *overlapped);
typedef void (*iocp_socket_routine)(uint32_t error, uint32_t bytes, iocp_overlapped *overlapped,
                                    uint32_t flags);

#define IOCP_INFINITE 0xffffffffu
#define IOCP_WAIT_OBJECT_0 0
#define IOCP_WAIT_TIMEOUT 258
#define IOCP_WAIT_FAILED 0xffffffffu
#define IOCP_MAXIMUM_WAIT_OBJECTS 64

#define IOCP_GENERIC_READ 0x80000000u
#define IOCP_GENERIC_WRITE 0x40000000
#define IOCP_FILE_SHARE_READ 1
#define IOCP_FILE_SHARE_WRITE 2
#define IOCP_FILE_SHARE_DELETE 4
#define IOCP_CREATE_NEW 1
#define IOCP_CREATE_ALWAYS 2
#define IOCP_OPEN_EXISTING 3
#define IOCP_OPEN_ALWAYS 4
#define IOCP_TRUNCATE_EXISTING 5
#define IOCP_FILE_ATTRIBUTE_NORMAL 128
#define IOCP_FILE_FLAG_OVERLAPPED 0x40000000
#define IOCP_FILE_FLAG_NO_BUFFERING 0x20000000
#define IOCP_FILE_FLAG_WRITE_THROUGH 0x80000000u
#define IOCP_FILE_FLAG_DELETE_ON_CLOSE 0x4000000
#define IOCP_FILE_BEGIN 0
#define IOCP_FILE_CURRENT 1
#define IOCP_FILE_END 2

#define IOCP_FILE_SKIP_COMPLETION_PORT_ON_SUCCESS 1
#define IOCP_FILE_SKIP_SET_EVENT_ON_HANDLE 2
#define IOCP_DUPLICATE_CLOSE_SOURCE 1
#define IOCP_DUPLICATE_SAME_ACCESS 2
#define IOCP_HANDLE_FLAG_INHERIT 1
#define IOCP_HANDLE_FLAG_PROTECT_FROM_CLOSE 2
#define IOCP_CREATE_SUSPENDED 4
#define IOCP_STILL_ACTIVE 259

#define IOCP_ERROR_SUCCESS 0
#define IOCP_ERROR_FILE_NOT_FOUND 2
#define IOCP_ERROR_ACCESS_DENIED 5
#define IOCP_ERROR_INVALID_HANDLE 6
#define IOCP_ERROR_HANDLE_EOF 38
#define IOCP_ERROR_NETNAME_DELETED 64
#define IOCP_ERROR_INVALID_PARAMETER 87
#define IOCP_ERROR_ABANDONED_WAIT_0 735
#define IOCP_ERROR_OPERATION_ABORTED 995
#define IOCP_ERROR_IO_INCOMPLETE 996
#define IOCP_ERROR_IO_PENDING 997
#define IOCP_ERROR_NOT_FOUND 1168

#define IOCP_WSAEWOULDBLOCK 10035
#define IOCP_WSAENOTSOCK 10038
#define IOCP_WSAEADDRINUSE 10048
#define IOCP_WSAECONNABORTED 10053
#define IOCP_WSAECONNRESET 10054
#define IOCP_WSAENOTCONN 10057
#define IOCP_WSAETIMEDOUT 10060
#define IOCP_WSAECONNREFUSED 10061
#define IOCP_WSAEINVAL 10022
#define IOCP_WSA_IO_PENDING 997

#define IOCP_AF_UNSPEC 0
#define IOCP_AF_UNIX 1
#define IOCP_AF_INET 2
#define IOCP_AF_INET6 23
#define IOCP_SOCK_STREAM 1
#define IOCP_SOCK_DGRAM 2
#define IOCP_IPPROTO_TCP 6
#define IOCP_IPPROTO_UDP 17
#define IOCP_IPPROTO_IPV6 41
#define IOCP_SOL_SOCKET 65535
#define IOCP_SO_REUSEADDR 4
#define IOCP_SO_EXCLUSIVEADDRUSE ((int32_t)0xfffffffbu)
#define IOCP_SO_KEEPALIVE 8
#define IOCP_SO_LINGER 128
#define IOCP_SO_SNDBUF 4097
#define IOCP_SO_RCVBUF 4098
#define IOCP_SO_ERROR 4103
#define IOCP_SO_UPDATE_ACCEPT_CONTEXT 28683
#define IOCP_SO_UPDATE_CONNECT_CONTEXT 28688
#define IOCP_SO_CONNECT_TIME 28684
#define IOCP_TCP_NODELAY 1
#define IOCP_IPV6_V6ONLY 27
#define IOCP_SOMAXCONN 0x7fffffff
#define IOCP_MSG_OOB 1
#define IOCP_MSG_PEEK 2
#define IOCP_MSG_WAITALL 8
#define IOCP_MSG_PARTIAL 32768
#define IOCP_SD_RECEIVE 0
#define IOCP_SD_SEND 1
#define IOCP_SD_BOTH 2
#define IOCP_FIONBIO ((int32_t)0x8004667eu)
#define IOCP_FIONREAD 0x4004667f
#define IOCP_WSA_FLAG_OVERLAPPED 1
#define IOCP_TF_DISCONNECT 1
#define IOCP_TF_REUSE_SOCKET 2
#define IOCP_AI_PASSIVE 1
#define IOCP_AI_NUMERICHOST 4
#define IOCP_SOCKET_ERROR (-1)

/* Ports. */
iocp_handle iocp_CreateIoCompletionPort(iocp_handle FileHandle, iocp_handle ExistingCompletionPort,
    uintptr_t CompletionKey, uint32_t NumberOfConcurrentThreads) IOCP_AS(CreateIoCompletionPort);
int iocp_GetQueuedCompletionStatus(iocp_handle CompletionPort,
    uint32_t *lpNumberOfBytesTransferred, uintptr_t *lpCompletionKey,
    iocp_overlapped **lpOverlapped, uint32_t dwMilliseconds) IOCP_AS(GetQueuedCompletionStatus);
int iocp_GetQueuedCompletionStatusEx(iocp_handle CompletionPort,
    iocp_overlapped_entry *lpCompletionPortEntries, uint32_t ulCount,
    uint32_t *ulNumEntriesRemoved, uint32_t dwMilliseconds,
    int fAlertable) IOCP_AS(GetQueuedCompletionStatusEx);
int iocp_PostQueuedCompletionStatus(iocp_handle CompletionPort,
    uint32_t dwNumberOfBytesTransferred, uintptr_t dwCompletionKey,
    iocp_overlapped *lpOverlapped) IOCP_AS(PostQueuedCompletionStatus);
int iocp_SetFileCompletionNotificationModes(iocp_handle FileHandle,
    uint8_t Flags) IOCP_AS(SetFileCompletionNotificationModes);

/* Windows has nothing like it: how a port learns that a thread that runs for it
 * blocks outside the library (a lock of the C library, a plain read, a page
 * fault), and so lets another thread in. Blocking inside the library is known
 * exactly in any case. Without a choice the environment variable
 * LIBIOCP_BLOCKED (auto, perf, proc, off) decides. 0 on failure, with the last
 * error: 6 or 5 for the handle, 87 for an unknown number, 50 for what the system
 * does not allow this process to have. */
#define IOCP_DETECT_AUTO 0 /* /proc, or else perf */
#define IOCP_DETECT_PERF 1 /* the kernel's records of context switches */
#define IOCP_DETECT_PROC 2 /* a look into /proc from time to time */
#define IOCP_DETECT_OFF 3  /* not at all: such a thread counts as running */
int iocp_set_block_detection(iocp_handle port, uint32_t detection);

/* Handles, results and waits. */
int iocp_CloseHandle(iocp_handle hObject) IOCP_AS(CloseHandle);
int iocp_DuplicateHandle(iocp_handle hSourceProcessHandle, iocp_handle hSourceHandle,
    iocp_handle hTargetProcessHandle, iocp_handle *lpTargetHandle, uint32_t dwDesiredAccess,
    int bInheritHandle, uint32_t dwOptions) IOCP_AS(DuplicateHandle);
int iocp_GetHandleInformation(iocp_handle hObject,
    uint32_t *lpdwFlags) IOCP_AS(GetHandleInformation);
int iocp_SetHandleInformation(iocp_handle hObject, uint32_t dwMask,
    uint32_t dwFlags) IOCP_AS(SetHandleInformation);
iocp_handle iocp_GetCurrentProcess(void) IOCP_AS(GetCurrentProcess);
iocp_handle iocp_GetCurrentThread(void) IOCP_AS(GetCurrentThread);
uint32_t iocp_GetLastError(void) IOCP_AS(GetLastError);
void iocp_SetLastError(uint32_t dwErrCode) IOCP_AS(SetLastError);
int iocp_GetOverlappedResult(iocp_handle hFile, iocp_overlapped *lpOverlapped,
    uint32_t *lpNumberOfBytesTransferred, int bWait) IOCP_AS(GetOverlappedResult);
int iocp_CancelIo(iocp_handle hFile) IOCP_AS(CancelIo);
int iocp_CancelIoEx(iocp_handle hFile, iocp_overlapped *lpOverlapped) IOCP_AS(CancelIoEx);
uint32_t iocp_WaitForSingleObject(iocp_handle hHandle,
    uint32_t dwMilliseconds) IOCP_AS(WaitForSingleObject);
uint32_t iocp_WaitForMultipleObjects(uint32_t nCount, const iocp_handle *lpHandles, int bWaitAll,
    uint32_t dwMilliseconds) IOCP_AS(WaitForMultipleObjects);
void iocp_Sleep(uint32_t dwMilliseconds) IOCP_AS(Sleep);

/* Events and semaphores. */
iocp_handle iocp_CreateEventA(iocp_security_attributes *lpEventAttributes, int bManualReset,
    int bInitialState, const char *lpName) IOCP_AS(CreateEventA);
int iocp_SetEvent(iocp_handle hEvent) IOCP_AS(SetEvent);
int iocp_ResetEvent(iocp_handle hEvent) IOCP_AS(ResetEvent);
iocp_handle iocp_CreateSemaphoreA(iocp_security_attributes *lpSemaphoreAttributes,
    int32_t lInitialCount, int32_t lMaximumCount, const char *lpName) IOCP_AS(CreateSemaphoreA);
int iocp_ReleaseSemaphore(iocp_handle hSemaphore, int32_t lReleaseCount,
    int32_t *lpPreviousCount) IOCP_AS(ReleaseSemaphore);

/* Files. */
iocp_handle iocp_CreateFileA(const char *lpFileName, uint32_t dwDesiredAccess,
    uint32_t dwShareMode, iocp_security_attributes *lpSecurityAttributes,
    uint32_t dwCreationDisposition, uint32_t dwFlagsAndAttributes,
    iocp_handle hTemplateFile) IOCP_AS(CreateFileA);
iocp_handle iocp_CreateFileW(const uint16_t *lpFileName, uint32_t dwDesiredAccess,
    uint32_t dwShareMode, iocp_security_attributes *lpSecurityAttributes,
    uint32_t dwCreationDisposition, uint32_t dwFlagsAndAttributes,
    iocp_handle hTemplateFile) IOCP_AS(CreateFileW);
int iocp_ReadFile(iocp_handle hFile, void *lpBuffer, uint32_t nNumberOfBytesToRead,
    uint32_t *lpNumberOfBytesRead, iocp_overlapped *lpOverlapped) IOCP_AS(ReadFile);
int iocp_WriteFile(iocp_handle hFile, const void *lpBuffer, uint32_t nNumberOfBytesToWrite,
    uint32_t *lpNumberOfBytesWritten, iocp_overlapped *lpOverlapped) IOCP_AS(WriteFile);
int iocp_SetFilePointerEx(iocp_handle hFile, int64_t liDistanceToMove, int64_t *lpNewFilePointer,
    uint32_t dwMoveMethod) IOCP_AS(SetFilePointerEx);
int iocp_SetEndOfFile(iocp_handle hFile) IOCP_AS(SetEndOfFile);
int iocp_GetFileSizeEx(iocp_handle hFile, int64_t *lpFileSize) IOCP_AS(GetFileSizeEx);
int iocp_FlushFileBuffers(iocp_handle hFile) IOCP_AS(FlushFileBuffers);
int iocp_DeleteFileA(const char *lpFileName) IOCP_AS(DeleteFileA);

/* Threads. */
iocp_handle iocp_CreateThread(iocp_security_attributes *lpThreadAttributes, size_t dwStackSize,
    iocp_thread_start lpStartAddress, void *lpParameter, uint32_t dwCreationFlags,
    uint32_t *lpThreadId) IOCP_AS(CreateThread);
void iocp_ExitThread(uint32_t dwExitCode) IOCP_AS(ExitThread);
int iocp_GetExitCodeThread(iocp_handle hThread, uint32_t *lpExitCode) IOCP_AS(GetExitCodeThread);
uint32_t iocp_ResumeThread(iocp_handle hThread) IOCP_AS(ResumeThread);
uint32_t iocp_GetCurrentThreadId(void) IOCP_AS(GetCurrentThreadId);

/* Sockets. */
int iocp_WSAStartup(uint16_t wVersionRequested, iocp_wsadata *lpWSAData) IOCP_AS(WSAStartup);
int iocp_WSACleanup(void) IOCP_AS(WSACleanup);
int iocp_WSAGetLastError(void) IOCP_AS(WSAGetLastError);
void iocp_WSASetLastError(int iError) IOCP_AS(WSASetLastError);
iocp_socket_t iocp_WSASocketA(int af, int type, int protocol, void *lpProtocolInfo, uint32_t g,
    uint32_t dwFlags) IOCP_AS(WSASocketA);
iocp_socket_t iocp_socket(int af, int type, int protocol) IOCP_AS(iocp_socket);
int iocp_bind(iocp_socket_t s, const iocp_sockaddr *name, int namelen) IOCP_AS(iocp_bind);
int iocp_listen(iocp_socket_t s, int backlog) IOCP_AS(iocp_listen);
iocp_socket_t iocp_accept(iocp_socket_t s, iocp_sockaddr *addr, int *addrlen) IOCP_AS(iocp_accept);
int iocp_connect(iocp_socket_t s, const iocp_sockaddr *name, int namelen) IOCP_AS(iocp_connect);
int iocp_send(iocp_socket_t s, const char *buf, int len, int flags) IOCP_AS(iocp_send);
int iocp_recv(iocp_socket_t s, char *buf, int len, int flags) IOCP_AS(iocp_recv);
int iocp_sendto(iocp_socket_t s, const char *buf, int len, int flags, const iocp_sockaddr *to,
    int tolen) IOCP_AS(iocp_sendto);
int iocp_recvfrom(iocp_socket_t s, char *buf, int len, int flags, iocp_sockaddr *from,
    int *fromlen) IOCP_AS(iocp_recvfrom);
int iocp_shutdown(iocp_socket_t s, int how) IOCP_AS(iocp_shutdown);
int iocp_closesocket(iocp_socket_t s) IOCP_AS(closesocket);
int iocp_setsockopt(iocp_socket_t s, int level, int optname, const char *optval,
    int optlen) IOCP_AS(iocp_setsockopt);
int iocp_getsockopt(iocp_socket_t s, int level, int optname, char *optval,
    int *optlen) IOCP_AS(iocp_getsockopt);
int iocp_getsockname(iocp_socket_t s, iocp_sockaddr *name, int *namelen) IOCP_AS(iocp_getsockname);
int iocp_getpeername(iocp_socket_t s, iocp_sockaddr *name, int *namelen) IOCP_AS(iocp_getpeername);
int iocp_ioctlsocket(iocp_socket_t s, int32_t cmd, uint32_t *argp) IOCP_AS(ioctlsocket);
int iocp_WSASend(iocp_socket_t s, iocp_buffer *lpBuffers, uint32_t dwBufferCount,
    uint32_t *lpNumberOfBytesSent, uint32_t dwFlags, iocp_overlapped *lpOverlapped,
    iocp_socket_routine lpCompletionRoutine) IOCP_AS(WSASend);
int iocp_WSARecv(iocp_socket_t s, iocp_buffer *lpBuffers, uint32_t dwBufferCount,
    uint32_t *lpNumberOfBytesRecvd, uint32_t *lpFlags, iocp_overlapped *lpOverlapped,
    iocp_socket_routine lpCompletionRoutine) IOCP_AS(WSARecv);
int iocp_WSASendTo(iocp_socket_t s, iocp_buffer *lpBuffers, uint32_t dwBufferCount,
    uint32_t *lpNumberOfBytesSent, uint32_t dwFlags, const iocp_sockaddr *lpTo, int iTolen,
    iocp_overlapped *lpOverlapped, iocp_socket_routine lpCompletionRoutine) IOCP_AS(WSASendTo);
int iocp_WSARecvFrom(iocp_socket_t s, iocp_buffer *lpBuffers, uint32_t dwBufferCount,
    uint32_t *lpNumberOfBytesRecvd, uint32_t *lpFlags, iocp_sockaddr *lpFrom, int *lpFromlen,
    iocp_overlapped *lpOverlapped, iocp_socket_routine lpCompletionRoutine) IOCP_AS(WSARecvFrom);
int iocp_WSAIoctl(iocp_socket_t s, uint32_t dwIoControlCode, void *lpvInBuffer,
    uint32_t cbInBuffer, void *lpvOutBuffer, uint32_t cbOutBuffer, uint32_t *lpcbBytesReturned,
    iocp_overlapped *lpOverlapped, iocp_socket_routine lpCompletionRoutine) IOCP_AS(WSAIoctl);
int iocp_WSAGetOverlappedResult(iocp_socket_t s, iocp_overlapped *lpOverlapped,
    uint32_t *lpcbTransfer, int fWait, uint32_t *lpdwFlags) IOCP_AS(WSAGetOverlappedResult);
int iocp_AcceptEx(iocp_socket_t sListenSocket, iocp_socket_t sAcceptSocket, void *lpOutputBuffer,
    uint32_t dwReceiveDataLength, uint32_t dwLocalAddressLength, uint32_t dwRemoteAddressLength,
    uint32_t *lpdwBytesReceived, iocp_overlapped *lpOverlapped) IOCP_AS(AcceptEx);
void iocp_GetAcceptExSockaddrs(void *lpOutputBuffer, uint32_t dwReceiveDataLength,
    uint32_t dwLocalAddressLength, uint32_t dwRemoteAddressLength, iocp_sockaddr **LocalSockaddr,
    int *LocalSockaddrLength, iocp_sockaddr **RemoteSockaddr,
    int *RemoteSockaddrLength) IOCP_AS(GetAcceptExSockaddrs);
int iocp_getaddrinfo(const char *pNodeName, const char *pServiceName, const iocp_addrinfo *pHints,
    iocp_addrinfo **ppResult) IOCP_AS(iocp_getaddrinfo);
void iocp_freeaddrinfo(iocp_addrinfo *pAddrInfo) IOCP_AS(iocp_freeaddrinfo);
int iocp_inet_pton(int Family, const char *pszAddrString, void *pAddrBuf) IOCP_AS(iocp_inet_pton);
const char *iocp_inet_ntop(int Family, const void *pAddr, char *pStringBuf,
    size_t StringBufSize) IOCP_AS(iocp_inet_ntop);
int iocp_ConnectEx(iocp_socket_t s, const iocp_sockaddr *name, int namelen, void *lpSendBuffer,
    uint32_t dwSendDataLength, uint32_t *lpdwBytesSent, iocp_overlapped *lpOverlapped)
    IOCP_AS(ConnectEx);
int iocp_DisconnectEx(iocp_socket_t s, iocp_overlapped *lpOverlapped, uint32_t dwFlags,
    uint32_t dwReserved) IOCP_AS(DisconnectEx);

#ifdef __cplusplus
}
#endif

#endif
