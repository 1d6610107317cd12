/*
 * A TCP echo server on libuv, for measurement.
 *
 *   workers=N   loops, each on a thread; the kernel spreads the connections   (1)
 *   size=BYTES  receive buffer of a connection                                (4096)
 *
 * Prints "listening PORT" once it accepts connections, and serves until it is killed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <uv.h>

#include "words.h"

struct connection {
    uv_tcp_t stream;
    uv_write_t write;
    char *buffer;
};

static size_t buffer_size;

static void check(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "%s failed: %s\n", call, uv_strerror(result));
        exit(1);
    }
}

static void closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;
    free(c->buffer);
    free(c);
}

static void close_connection(struct connection *c)
{
    if (!uv_is_closing((uv_handle_t *)&c->stream))
        uv_close((uv_handle_t *)&c->stream, closed);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct connection *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(c->buffer, (unsigned)buffer_size);
}

static void received(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer);

static void sent(uv_write_t *write, int status)
{
    struct connection *c = write->data;
    if (status < 0)
        close_connection(c);
    else
        check(uv_read_start((uv_stream_t *)&c->stream, allocate, received), "uv_read_start");
}

/*
 * Most answers leave with uv_try_write. The buffer belongs to a write that waits, so nothing is
 * read until it is done.
 */
static void received(uv_stream_t *stream, ssize_t bytes, const uv_buf_t *buffer)
{
    struct connection *c = stream->data;
    uv_buf_t answer;
    int now;
    if (bytes == 0)
        return;
    if (bytes < 0) {
        close_connection(c);
        return;
    }
    answer = uv_buf_init(buffer->base, (unsigned)bytes);
    now = uv_try_write(stream, &answer, 1);
    if (now == bytes)
        return;
    if (now < 0 && now != UV_EAGAIN) {
        close_connection(c);
        return;
    }
    if (now > 0)
        answer = uv_buf_init(buffer->base + now, (unsigned)(bytes - now));
    uv_read_stop(stream);
    c->write.data = c;
    check(uv_write(&c->write, stream, &answer, 1, sent), "uv_write");
}

static void take_on(uv_stream_t *listener, int status)
{
    struct connection *c = calloc(1, sizeof *c);
    check(status, "listening");
    if (c == NULL || (c->buffer = malloc(buffer_size)) == NULL)
        abort();
    check(uv_tcp_init(listener->loop, &c->stream), "uv_tcp_init");
    c->stream.data = c;
    check(uv_accept(listener, (uv_stream_t *)&c->stream), "uv_accept");
    check(uv_tcp_nodelay(&c->stream, 1), "uv_tcp_nodelay");
    check(uv_read_start((uv_stream_t *)&c->stream, allocate, received), "uv_read_start");
}

/* A listener that may share its port with others; 0 asks for a free one. Returns the port. */
static unsigned listen_at(uv_loop_t *loop, uv_tcp_t *listener, unsigned port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    socklen_t length = sizeof address;
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        perror("listening");
        exit(1);
    }
    check(uv_tcp_init(loop, listener), "uv_tcp_init");
    check(uv_tcp_open(listener, fd), "uv_tcp_open");
    check(uv_listen((uv_stream_t *)listener, 4096, take_on), "uv_listen");
    return ntohs(address.sin_port);
}

static void serve(void *loop)
{
    check(uv_run(loop, UV_RUN_DEFAULT), "uv_run");
}

int main(int argc, char **argv)
{
    int workers = (int)option(argc, argv, "workers", 1);
    uv_loop_t *loops = calloc((size_t)workers, sizeof *loops);
    uv_tcp_t *listeners = calloc((size_t)workers, sizeof *listeners);
    unsigned port = 0;

    buffer_size = (size_t)option(argc, argv, "size", 4096);
    if (loops == NULL || listeners == NULL)
        abort();
    for (int i = 0; i < workers; i++) {
        check(uv_loop_init(&loops[i]), "uv_loop_init");
        port = listen_at(&loops[i], &listeners[i], port);
    }
    printf("listening %u\n", port);
    fflush(stdout);
    for (int i = 1; i < workers; i++) {
        uv_thread_t thread;
        check(uv_thread_create(&thread, serve, &loops[i]), "uv_thread_create");
    }
    serve(&loops[0]);
    return 0;
}
