/* Names and numbers: sockets.md section S. */
#include "sockets.h"

/* Rules: SOCK-163, SOCK-175 */
static void sock_163_numeric_addresses(void)
{
    struct addrinfo hints, *list = NULL;
    const struct sockaddr_in *in;
    const struct sockaddr_in6 *in6;

    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICHOST;
    ok_zero(getaddrinfo("127.1.2.3", "4711", &hints, &list));
    if (list) {
        in = (const struct sockaddr_in *)list->ai_addr;
        ok(list->ai_family == AF_INET && list->ai_socktype == SOCK_STREAM &&
               list->ai_addrlen == sizeof(*in) && list->ai_next == NULL, "entry");
        ok(in->sin_family == AF_INET && in->sin_port == htons(4711) &&
               in->sin_addr.s_addr == htonl(0x7f010203), "address %08x:%u",
           (unsigned)ntohl(in->sin_addr.s_addr), ntohs(in->sin_port));
        freeaddrinfo(list);
    }
    hints.ai_family = AF_INET6;
    list = NULL;
    ok_zero(getaddrinfo("::1", "80", &hints, &list));
    if (list) {
        in6 = (const struct sockaddr_in6 *)list->ai_addr;
        ok(list->ai_family == 23 && in6->sin6_family == 23 && list->ai_addrlen == 28 &&
               in6->sin6_addr.s6_addr[15] == 1 && in6->sin6_port == htons(80),
           "family %d %d", list->ai_family, in6->sin6_family);
        freeaddrinfo(list);
    }
}

/* Rules: SOCK-163 */
static void sock_163_passive_and_default_addresses(void)
{
    struct addrinfo hints, *list = NULL;

    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    ok_zero(getaddrinfo(NULL, "4711", &hints, &list));
    if (list) {
        ok(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr == 0, "not the wildcard");
        freeaddrinfo(list);
    }
    hints.ai_flags = 0;
    list = NULL;
    ok_zero(getaddrinfo(NULL, "4711", &hints, &list));
    if (list) {
        ok(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK),
           "not loopback");
        freeaddrinfo(list);
    }
    list = NULL;
    ok_zero(getaddrinfo("localhost", NULL, &hints, &list));
    if (list) {
        ok(((struct sockaddr_in *)list->ai_addr)->sin_addr.s_addr == htonl(INADDR_LOOPBACK),
           "localhost is not loopback");
        freeaddrinfo(list);
    }
}

/* Rules: SOCK-163, SOCK-176 */
static void sock_163_errors_of_getaddrinfo(void)
{
    struct addrinfo hints, *list = NULL;

    ok(EAI_NONAME == 11001 && EAI_AGAIN == 11002 && EAI_FAIL == 11003 && EAI_SERVICE == 10109 &&
           EAI_FAMILY == 10047 && EAI_SOCKTYPE == 10044 && EAI_BADFLAGS == 10022 &&
           EAI_MEMORY == 8, "codes");
    ok(AI_PASSIVE == 1 && AI_CANONNAME == 2 && AI_NUMERICHOST == 4 && AI_NUMERICSERV == 8 &&
           AI_ADDRCONFIG == 0x400 && AI_V4MAPPED == 0x800, "flags");
    ok(sizeof(struct addrinfo) == 48, "size %u", (unsigned)sizeof(struct addrinfo));
    SetLastError(UNTOUCHED);
    ok_gives(getaddrinfo(NULL, NULL, NULL, &list), EAI_NONAME);
    ok(WSAGetLastError() == EAI_NONAME, "last error %d", WSAGetLastError());
    memset(&hints, 0, sizeof(hints));
    hints.ai_flags = AI_NUMERICHOST;
    ok_gives(getaddrinfo("not.a.number", NULL, &hints, &list), EAI_NONAME);
    hints.ai_flags = 0;
    hints.ai_family = 99;
    ok_gives(getaddrinfo("127.0.0.1", NULL, &hints, &list), EAI_FAMILY);
    hints.ai_family = AF_INET;
    hints.ai_socktype = 99;
    ok_gives(getaddrinfo("127.0.0.1", NULL, &hints, &list), EAI_SOCKTYPE);
    hints.ai_socktype = SOCK_STREAM;
    ok_gives(getaddrinfo("127.0.0.1", "no-such-service", &hints, &list), EAI_SERVICE);
}

/* Rules: SOCK-163, SOCK-173 */
static void sock_163_wide_names(void)
{
    ADDRINFOW hints, *list = NULL;

    memset(&hints, 0, sizeof(hints));
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;
    ok_zero(GetAddrInfoW(L"127.0.0.1", L"4711", &hints, &list));
    if (list) {
        ok(((struct sockaddr_in *)list->ai_addr)->sin_port == htons(4711), "port");
        FreeAddrInfoW(list);
    }
}

/* Rules: SOCK-165 */
static void sock_165_dotted_addresses(void)
{
    static const struct {
        const char *text;
        unsigned address;
    } cases[] = {
        { "127.0.0.1", 0x7f000001 }, { "1.2.3.4", 0x01020304 }, { "1.2.3", 0x01020003 },
        { "1.2", 0x01000002 }, { "5", 5 }, { "0x7f.1", 0x7f000001 },
        { "010.0.0.1", 0x08000001 }, { "255.255.255.255", 0xffffffff },
    };
    static const char *wrong[] = { "1.2.3.256", "1.2.3.4.5", "a.b.c.d", "1.2.3.4x" };
    struct in_addr in;
    char *text, *again;
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(inet_addr(cases[i].text) == htonl(cases[i].address), "%s gives %08x", cases[i].text,
           (unsigned)ntohl(inet_addr(cases[i].text)));
    }
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        ok(inet_addr(wrong[i]) == INADDR_NONE, "%s gives %08x", wrong[i],
           (unsigned)ntohl(inet_addr(wrong[i])));
    }
    in.s_addr = htonl(0x0a0b0cff);
    text = inet_ntoa(in);
    ok(!strcmp(text, "10.11.12.255"), "inet_ntoa gives %s", text);
    in.s_addr = htonl(1);
    again = inet_ntoa(in);
    ok(text == again && !strcmp(again, "0.0.0.1"), "inet_ntoa gives %s", again);
}

/* Rules: SOCK-165 */
static void sock_165_presentation_and_network_form(void)
{
    struct in_addr in;
    struct in6_addr in6;
    char text[64];

    ok(inet_pton(AF_INET, "1.2.3.4", &in) == 1 && in.s_addr == htonl(0x01020304), "AF_INET");
    ok(inet_pton(AF_INET, "1.2.3", &in) == 0, "a short address is accepted");
    ok(inet_pton(AF_INET6, "fe80::1", &in6) == 1 && in6.s6_addr[0] == 0xfe &&
           in6.s6_addr[15] == 1, "AF_INET6");
    ok_wsa(inet_pton(99, "1.2.3.4", &in), WSAEAFNOSUPPORT);
    in.s_addr = htonl(0x01020304);
    ok(inet_ntop(AF_INET, &in, text, sizeof(text)) == text && !strcmp(text, "1.2.3.4"),
       "inet_ntop");
    ok(inet_ntop(AF_INET6, &in6, text, sizeof(text)) == text && !strcmp(text, "fe80::1"),
       "inet_ntop gives %s", text);
    ok(!inet_ntop(AF_INET, &in, text, 3), "a short buffer is accepted");
}

/* Rules: SOCK-165, SOCK-163 */
static void sock_165_hosts_and_names(void)
{
    struct hostent *host;
    char name[256] = "";

    ok(sizeof(struct hostent) == 32, "hostent has %u bytes", (unsigned)sizeof(struct hostent));
    host = gethostbyname("127.0.0.1");
    ok(host != NULL, "gethostbyname: error %d", WSAGetLastError());
    if (host) {
        ok(host->h_addrtype == AF_INET && host->h_length == 4 &&
               !memcmp(host->h_addr_list[0], "\x7f\0\0\1", 4), "type %d, length %d",
           host->h_addrtype, host->h_length);
    }
    ok_zero(gethostname(name, sizeof(name)));
    ok(name[0] != 0, "no name");
    ok_wsa(gethostname(name, 0), WSAEFAULT);
    ok_wsa(gethostname(NULL, sizeof(name)), WSAEFAULT);
}

/* Rules: SOCK-163 */
static void sock_163_getnameinfo_gives_numbers(void)
{
    struct sockaddr_in address = loopback(htons(4711));
    char host[64], service[32];

    ok_zero(getnameinfo((struct sockaddr *)&address, sizeof(address), host, sizeof(host),
                        service, sizeof(service), NI_NUMERICHOST | NI_NUMERICSERV));
    ok(!strcmp(host, "127.0.0.1") && !strcmp(service, "4711"), "%s %s", host, service);
    ok(NI_NUMERICHOST == 2 && NI_NUMERICSERV == 8 && NI_NAMEREQD == 4, "flags");
}

int main(void)
{
    winsock_start();
    RUN(sock_163_numeric_addresses);
    RUN(sock_163_passive_and_default_addresses);
    RUN(sock_163_errors_of_getaddrinfo);
    RUN(sock_163_wide_names);
    RUN(sock_163_getnameinfo_gives_numbers);
    RUN(sock_165_dotted_addresses);
    RUN(sock_165_presentation_and_network_form);
    RUN(sock_165_hosts_and_names);
    return conform_end();
}
