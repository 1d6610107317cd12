// An echo server as C++ programs write it: classes over the same calls, UNICODE, std::thread
// beside Win32, wide strings, and std::bind in a source that includes Winsock.
#ifndef UNICODE
#define UNICODE
#define _UNICODE
#endif
#define WIN32_LEAN_AND_MEAN
#define _WINSOCK_DEPRECATED_NO_WARNINGS

#include <winsock2.h>
#include <ws2tcpip.h>
#include <mswsock.h>
#include <windows.h>
#include <tchar.h>

#include <strsafe.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cwchar>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#pragma comment(lib, "ws2_32")
#pragma comment(lib, "mswsock")

namespace {

template <typename Function> Function Extension(SOCKET socket, GUID id)
{
    Function function = nullptr;
    DWORD bytes = 0;
    if (WSAIoctl(socket, SIO_GET_EXTENSION_FUNCTION_POINTER, &id, sizeof(id), &function,
                 sizeof(function), &bytes, nullptr, nullptr) == SOCKET_ERROR)
        return nullptr;
    return function;
}

std::wstring ErrorText(DWORD error)
{
    LPWSTR message = nullptr;
    const DWORD length = FormatMessageW(
        FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS,
        nullptr, error, MAKELANGID(LANG_NEUTRAL, SUBLANG_DEFAULT),
        reinterpret_cast<LPWSTR>(&message), 0, nullptr);
    std::wstring text(message != nullptr ? message : L"", length);
    LocalFree(message);
    return text;
}

struct Operation : OVERLAPPED {
    explicit Operation(std::function<void(BOOL, DWORD)> then) : OVERLAPPED(), done(std::move(then))
    {
    }
    std::function<void(BOOL, DWORD)> done;
};

class Lock {
public:
    Lock() { InitializeCriticalSectionAndSpinCount(&section_, 4000); }
    ~Lock() { DeleteCriticalSection(&section_); }
    Lock(const Lock &) = delete;
    Lock &operator=(const Lock &) = delete;
    void lock() { EnterCriticalSection(&section_); }
    void unlock() { LeaveCriticalSection(&section_); }

private:
    CRITICAL_SECTION section_;
};

class Session {
public:
    explicit Session(SOCKET socket)
        : socket_(socket),
          received_(std::bind(&Session::OnReceived, this, std::placeholders::_1,
                              std::placeholders::_2)),
          sent_([this](BOOL ok, DWORD bytes) { ok && bytes > 0 ? Receive() : Close(); })
    {
        InterlockedIncrement(&count);
    }
    ~Session() { InterlockedDecrement(&count); }

    void Receive()
    {
        DWORD flags = 0;
        WSABUF buffer = {sizeof(data_), data_};
        if (WSARecv(socket_, &buffer, 1, nullptr, &flags, &received_, nullptr) == SOCKET_ERROR &&
            WSAGetLastError() != WSA_IO_PENDING)
            Close();
    }

    static volatile LONG count;

private:
    void OnReceived(BOOL ok, DWORD bytes)
    {
        WSABUF buffer = {bytes, data_};
        if (!ok || bytes == 0 ||
            (WSASend(socket_, &buffer, 1, nullptr, 0, &sent_, nullptr) == SOCKET_ERROR &&
             WSAGetLastError() != WSA_IO_PENDING))
            Close();
    }
    void Close()
    {
        ::shutdown(socket_, SD_BOTH);
        closesocket(socket_);
        delete this;
    }

    SOCKET socket_;
    Operation received_, sent_;
    char data_[4096];
};
volatile LONG Session::count = 0;

class Server {
public:
    Server() : port_(CreateIoCompletionPort(INVALID_HANDLE_VALUE, nullptr, 0, 0)) {}
    ~Server()
    {
        if (listener_ != INVALID_SOCKET) closesocket(listener_);
        CloseHandle(port_);
    }

    bool Start(u_short number)
    {
        sockaddr_in address = {};
        address.sin_family = AF_INET;
        address.sin_port = htons(number);
        address.sin_addr.s_addr = htonl(INADDR_ANY);
        listener_ = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED);
        const BOOL reuse = TRUE;
        if (listener_ == INVALID_SOCKET ||
            setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR,
                       reinterpret_cast<const char *>(&reuse), sizeof(reuse)) != 0 ||
            ::bind(listener_, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0 ||
            ::listen(listener_, SOMAXCONN) != 0)
            return false;
        acceptEx_ = Extension<LPFN_ACCEPTEX>(listener_, WSAID_ACCEPTEX);
        return acceptEx_ != nullptr && Associate(listener_) && Accept();
    }

    void Run()
    {
        OVERLAPPED_ENTRY entries[16];
        ULONG count = 0;
        while (GetQueuedCompletionStatusEx(port_, entries, _countof(entries), &count, INFINITE,
                                           FALSE)) {
            for (ULONG i = 0; i < count; i++) {
                if (entries[i].lpOverlapped == nullptr) return;
                Operation *operation = static_cast<Operation *>(entries[i].lpOverlapped);
                operation->done(static_cast<LONG>(operation->Internal) >= 0,
                                entries[i].dwNumberOfBytesTransferred);
            }
        }
    }

    void Stop(size_t threads)
    {
        for (size_t i = 0; i < threads; i++) PostQueuedCompletionStatus(port_, 0, 0, nullptr);
    }

private:
    bool Associate(SOCKET socket)
    {
        return CreateIoCompletionPort(reinterpret_cast<HANDLE>(socket), port_, socket, 0) == port_;
    }

    bool Accept()
    {
        std::lock_guard<Lock> guard(lock_);
        accepted_ = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, nullptr, 0, WSA_FLAG_OVERLAPPED);
        static_cast<OVERLAPPED &>(accept_) = OVERLAPPED();
        const DWORD room = sizeof(sockaddr_in) + 16;
        DWORD bytes = 0;
        return acceptEx_(listener_, accepted_, addresses_, 0, room, room, &bytes, &accept_) ||
               WSAGetLastError() == ERROR_IO_PENDING;
    }

    void OnAccepted(BOOL ok, DWORD)
    {
        const SOCKET socket = accepted_;
        if (ok && setsockopt(socket, SOL_SOCKET, SO_UPDATE_ACCEPT_CONTEXT,
                             reinterpret_cast<const char *>(&listener_), sizeof(listener_)) == 0 &&
            Associate(socket))
            (new Session(socket))->Receive();
        else
            closesocket(socket);
        Accept();
    }

    HANDLE port_;
    SOCKET listener_ = INVALID_SOCKET, accepted_ = INVALID_SOCKET;
    LPFN_ACCEPTEX acceptEx_ = nullptr;
    Lock lock_;
    Operation accept_{[this](BOOL ok, DWORD bytes) { OnAccepted(ok, bytes); }};
    char addresses_[2 * (sizeof(sockaddr_in) + 16)];
};

HANDLE stop;

BOOL WINAPI OnControl(DWORD)
{
    return SetEvent(stop);
}

} // namespace

int _tmain(int argc, TCHAR *argv[])
{
    WSADATA data;
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return 1;
    stop = CreateEvent(nullptr, TRUE, FALSE, nullptr);
    SetConsoleCtrlHandler(OnControl, TRUE);
    int result = 1;
    {
        Server server;
        if (server.Start(static_cast<u_short>(argc > 1 ? _ttoi(argv[1]) : 5001))) {
            const size_t wanted = (std::max)(2u, std::thread::hardware_concurrency());
            std::vector<std::thread> threads;
            for (size_t i = 0; i < wanted; i++) threads.emplace_back([&] { server.Run(); });
            TCHAR text[64];
            StringCchPrintf(text, _countof(text), _T("%Iu threads"), wanted);
            _tprintf(_T("listening, %s, %ld sessions\n"), text, Session::count);
            WaitForSingleObject(stop, INFINITE);
            server.Stop(wanted);
            for (std::thread &thread : threads) thread.join();
            result = 0;
        } else {
            const DWORD error = static_cast<DWORD>(WSAGetLastError());
            fwprintf(stderr, L"error %lu: %s\n", error, ErrorText(error).c_str());
        }
    }
    CloseHandle(stop);
    WSACleanup();
    return result;
}
