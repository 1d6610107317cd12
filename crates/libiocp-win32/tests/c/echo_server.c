/* An echo server in the manner of Microsoft's samples: AcceptEx by WSAIoctl, a
 * context per socket in a list under a critical section, worker threads of
 * _beginthreadex, and __try/__finally for cleaning up. It is compiled by the
 * tests of the headers, and it runs: echo_server [port] serves until Ctrl+C. */
#pragma warning(disable : 4127)

#include <winsock2.h>
#include <mswsock.h>
#include <ws2tcpip.h>
#include <windows.h>

#include <process.h>
#include <stdio.h>
#include <stdlib.h>
#include <strsafe.h>

#pragma comment(lib, "ws2_32.lib")

#define DEFAULT_PORT "5001"
#define BUFFER_SIZE 8192
#define MAX_WORKER_THREAD 16
#define xmalloc(s) HeapAlloc(GetProcessHeap(), HEAP_ZERO_MEMORY, (s))
#define xfree(p)                                  \
    {                                             \
        HeapFree(GetProcessHeap(), 0, (p));       \
        (p) = NULL;                               \
    }

typedef enum _IO_OPERATION { IoAccept, IoRead, IoWrite } IO_OPERATION, *PIO_OPERATION;

typedef struct _SOCKET_CONTEXT {
    OVERLAPPED Overlapped;
    IO_OPERATION Operation;
    SOCKET Socket;
    WSABUF wsabuf;
    ULONG nTotalBytes;
    ULONG nSentBytes;
    LIST_ENTRY Entry;
    CHAR Buffer[BUFFER_SIZE];
} SOCKET_CONTEXT, *PSOCKET_CONTEXT;

static HANDLE g_hIOCP = NULL;
static SOCKET g_sdListen = INVALID_SOCKET;
static HANDLE g_hCleanup = NULL;
static LIST_ENTRY g_Contexts;
static CRITICAL_SECTION g_CriticalSection;
static LPFN_ACCEPTEX g_AcceptEx = NULL;
static volatile LONG g_nConnections = 0;

static VOID PrintError(LPCTSTR lpszFunction, DWORD dwError)
{
    LPTSTR lpMessage = NULL;
    TCHAR szText[512];

    FormatMessage(FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM |
                      FORMAT_MESSAGE_IGNORE_INSERTS,
                  NULL, dwError, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT), (LPTSTR)&lpMessage, 0,
                  NULL);
    if (SUCCEEDED(StringCchPrintf(szText, ARRAYSIZE(szText), TEXT("%s failed with %lu: %s"),
                                  lpszFunction, dwError,
                                  lpMessage != NULL ? lpMessage : TEXT("?"))))
        OutputDebugString(szText);
    LocalFree(lpMessage);
}

static BOOL WINAPI CtrlHandler(DWORD dwEvent)
{
    switch (dwEvent) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT:
    case CTRL_CLOSE_EVENT:
        SetEvent(g_hCleanup);
        return TRUE;
    default:
        return FALSE;
    }
}

static PSOCKET_CONTEXT AllocateContext(SOCKET sd, IO_OPERATION operation)
{
    PSOCKET_CONTEXT lpContext;

    EnterCriticalSection(&g_CriticalSection);
    __try {
        lpContext = (PSOCKET_CONTEXT)xmalloc(sizeof(SOCKET_CONTEXT));
        if (lpContext == NULL) {
            PrintError(TEXT("HeapAlloc"), GetLastError());
            __leave;
        }
        lpContext->Socket = sd;
        lpContext->Operation = operation;
        lpContext->Entry.Flink = &g_Contexts;
        lpContext->Entry.Blink = g_Contexts.Blink;
        g_Contexts.Blink->Flink = &lpContext->Entry;
        g_Contexts.Blink = &lpContext->Entry;
    } __finally {
        LeaveCriticalSection(&g_CriticalSection);
    }
    return lpContext;
}

static VOID CloseClient(PSOCKET_CONTEXT lpContext, BOOL bGraceful)
{
    EnterCriticalSection(&g_CriticalSection);
    __try {
        if (lpContext->Socket != INVALID_SOCKET) {
            if (!bGraceful) {
                LINGER linger = {1, 0};
                setsockopt(lpContext->Socket, SOL_SOCKET, SO_LINGER, (char *)&linger,
                           sizeof(linger));
            }
            closesocket(lpContext->Socket);
        }
        lpContext->Entry.Blink->Flink = lpContext->Entry.Flink;
        lpContext->Entry.Flink->Blink = lpContext->Entry.Blink;
        if (lpContext->Operation != IoAccept) InterlockedDecrement(&g_nConnections);
        xfree(lpContext);
    } __finally {
        LeaveCriticalSection(&g_CriticalSection);
    }
}

static BOOL PostAccept(void)
{
    DWORD dwBytes = 0;
    SOCKET sd = WSASocket(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
    PSOCKET_CONTEXT lpContext;

    if (sd == INVALID_SOCKET) {
        PrintError(TEXT("WSASocket"), WSAGetLastError());
        return FALSE;
    }
    lpContext = AllocateContext(sd, IoAccept);
    if (lpContext == NULL) {
        closesocket(sd);
        return FALSE;
    }
    if (!g_AcceptEx(g_sdListen, sd, lpContext->Buffer, 0, sizeof(SOCKADDR_STORAGE) + 16,
                    sizeof(SOCKADDR_STORAGE) + 16, &dwBytes, &lpContext->Overlapped) &&
        WSAGetLastError() != ERROR_IO_PENDING) {
        PrintError(TEXT("AcceptEx"), WSAGetLastError());
        CloseClient(lpContext, FALSE);
        return FALSE;
    }
    return TRUE;
}

static BOOL PostRead(PSOCKET_CONTEXT lpContext)
{
    DWORD dwFlags = 0, dwBytes;

    lpContext->Operation = IoRead;
    lpContext->wsabuf.buf = lpContext->Buffer;
    lpContext->wsabuf.len = BUFFER_SIZE;
    ZeroMemory(&lpContext->Overlapped, sizeof(OVERLAPPED));
    return WSARecv(lpContext->Socket, &lpContext->wsabuf, 1, &dwBytes, &dwFlags,
                   &lpContext->Overlapped, NULL) != SOCKET_ERROR ||
           WSAGetLastError() == WSA_IO_PENDING;
}

static BOOL PostWrite(PSOCKET_CONTEXT lpContext)
{
    DWORD dwBytes;

    lpContext->Operation = IoWrite;
    lpContext->wsabuf.buf = lpContext->Buffer + lpContext->nSentBytes;
    lpContext->wsabuf.len = lpContext->nTotalBytes - lpContext->nSentBytes;
    ZeroMemory(&lpContext->Overlapped, sizeof(OVERLAPPED));
    return WSASend(lpContext->Socket, &lpContext->wsabuf, 1, &dwBytes, 0, &lpContext->Overlapped,
                   NULL) != SOCKET_ERROR ||
           WSAGetLastError() == WSA_IO_PENDING;
}

static BOOL OnAccept(PSOCKET_CONTEXT lpContext)
{
    InterlockedIncrement(&g_nConnections);
    lpContext->Operation = IoRead;
    PostAccept();
    if (setsockopt(lpContext->Socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT, (char *)&g_sdListen,
                   sizeof(g_sdListen)) == SOCKET_ERROR)
        return FALSE;
    return CreateIoCompletionPort((HANDLE)lpContext->Socket, g_hIOCP, (ULONG_PTR)lpContext, 0) !=
               NULL &&
           PostRead(lpContext);
}

static unsigned __stdcall WorkerThread(void *lpParameter)
{
    HANDLE hIOCP = (HANDLE)lpParameter;

    for (;;) {
        DWORD dwBytes = 0;
        ULONG_PTR ulKey = 0;
        LPOVERLAPPED lpOverlapped = NULL;
        PSOCKET_CONTEXT lpContext;
        BOOL bContinue = FALSE;
        BOOL bSuccess =
            GetQueuedCompletionStatus(hIOCP, &dwBytes, &ulKey, &lpOverlapped, INFINITE);

        if (lpOverlapped == NULL) return 0;
        lpContext = CONTAINING_RECORD(lpOverlapped, SOCKET_CONTEXT, Overlapped);
        if (bSuccess && (dwBytes > 0 || lpContext->Operation == IoAccept)) {
            switch (lpContext->Operation) {
            case IoAccept:
                bContinue = OnAccept(lpContext);
                break;
            case IoRead:
                lpContext->nTotalBytes = dwBytes;
                lpContext->nSentBytes = 0;
                bContinue = PostWrite(lpContext);
                break;
            case IoWrite:
                lpContext->nSentBytes += dwBytes;
                bContinue = lpContext->nSentBytes < lpContext->nTotalBytes ? PostWrite(lpContext)
                                                                           : PostRead(lpContext);
                break;
            }
        }
        if (!bContinue) CloseClient(lpContext, bSuccess);
    }
}

static BOOL CreateListenSocket(const char *port)
{
    struct addrinfo hints = {0}, *addrlocal = NULL;
    GUID guidAcceptEx = WSAID_ACCEPTEX;
    DWORD bytes = 0;
    int nZero = 0;
    BOOL bDone = FALSE;

    __try {
        hints.ai_flags = AI_PASSIVE;
        hints.ai_family = AF_INET;
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_protocol = IPPROTO_IP;
        if (getaddrinfo(NULL, port, &hints, &addrlocal) != 0 || addrlocal == NULL) __leave;
        g_sdListen = WSASocket(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_OVERLAPPED);
        if (g_sdListen == INVALID_SOCKET) __leave;
        if (bind(g_sdListen, addrlocal->ai_addr, (int)addrlocal->ai_addrlen) == SOCKET_ERROR)
            __leave;
        if (listen(g_sdListen, SOMAXCONN) == SOCKET_ERROR) __leave;
        if (setsockopt(g_sdListen, SOL_SOCKET, SO_SNDBUF, (char *)&nZero, sizeof(nZero)) ==
            SOCKET_ERROR)
            __leave;
        if (WSAIoctl(g_sdListen, SIO_GET_EXTENSION_FUNCTION_POINTER, &guidAcceptEx,
                     sizeof(guidAcceptEx), &g_AcceptEx, sizeof(g_AcceptEx), &bytes, NULL,
                     NULL) == SOCKET_ERROR)
            __leave;
        bDone = CreateIoCompletionPort((HANDLE)g_sdListen, g_hIOCP, 0, 0) != NULL;
    } __finally {
        if (!bDone) PrintError(TEXT("CreateListenSocket"), WSAGetLastError());
        if (addrlocal != NULL) freeaddrinfo(addrlocal);
    }
    return bDone;
}

int __cdecl main(int argc, char *argv[])
{
    SYSTEM_INFO systemInfo;
    WSADATA wsaData;
    HANDLE hThreads[MAX_WORKER_THREAD];
    DWORD dwThreadCount = 0, dwWanted, i;
    const char *port = argc > 1 ? argv[1] : DEFAULT_PORT;
    int nResult = 1;

    if (WSAStartup(MAKEWORD(2, 2), &wsaData) != 0) return 1;
    g_Contexts.Flink = g_Contexts.Blink = &g_Contexts;
    InitializeCriticalSection(&g_CriticalSection);
    GetSystemInfo(&systemInfo);
    dwWanted = min(systemInfo.dwNumberOfProcessors * 2, (DWORD)MAX_WORKER_THREAD);

    __try {
        g_hCleanup = CreateEvent(NULL, TRUE, FALSE, NULL);
        g_hIOCP = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 0);
        if (g_hCleanup == NULL || g_hIOCP == NULL) {
            PrintError(TEXT("CreateIoCompletionPort"), GetLastError());
            __leave;
        }
        if (!SetConsoleCtrlHandler(CtrlHandler, TRUE)) __leave;
        for (; dwThreadCount < dwWanted; dwThreadCount++) {
            unsigned nThreadId = 0;
            hThreads[dwThreadCount] =
                (HANDLE)_beginthreadex(NULL, 0, WorkerThread, g_hIOCP, 0, &nThreadId);
            if (hThreads[dwThreadCount] == NULL) __leave;
        }
        if (!CreateListenSocket(port) || !PostAccept()) __leave;
        printf("listening on port %s with %lu threads\n", port, dwThreadCount);
        fflush(stdout);
        WaitForSingleObject(g_hCleanup, INFINITE);
        nResult = 0;
    } __finally {
        for (i = 0; i < dwThreadCount; i++) PostQueuedCompletionStatus(g_hIOCP, 0, 0, NULL);
        if (dwThreadCount > 0 &&
            WaitForMultipleObjects(dwThreadCount, hThreads, TRUE, 10000) != WAIT_OBJECT_0)
            PrintError(TEXT("WaitForMultipleObjects"), GetLastError());
        for (i = 0; i < dwThreadCount; i++) CloseHandle(hThreads[i]);
        if (g_sdListen != INVALID_SOCKET) closesocket(g_sdListen);
        while (g_Contexts.Flink != &g_Contexts) {
            PSOCKET_CONTEXT lpContext =
                CONTAINING_RECORD(g_Contexts.Flink, SOCKET_CONTEXT, Entry);
            closesocket(lpContext->Socket);
            lpContext->Socket = INVALID_SOCKET;
            while (!HasOverlappedIoCompleted(&lpContext->Overlapped)) Sleep(0);
            CloseClient(lpContext, TRUE);
        }
        if (g_hIOCP != NULL) CloseHandle(g_hIOCP);
        if (g_hCleanup != NULL) CloseHandle(g_hCleanup);
        DeleteCriticalSection(&g_CriticalSection);
        WSACleanup();
    }
    return nResult;
}
