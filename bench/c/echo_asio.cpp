/*
 * A TCP echo server on Boost.Asio, for measurement: one io_context for all threads.
 *
 *   workers=N   threads that run the io_context   (1)
 *   size=BYTES  receive buffer of a connection    (4096)
 *
 * Prints "listening PORT" once it accepts connections, and serves until it is killed.
 */
#include <boost/asio.hpp>

#include <cstdio>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "words.h"

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

/* Has one operation under way at a time, so it needs no strand. */
class connection : public std::enable_shared_from_this<connection> {
public:
    connection(tcp::socket socket, std::size_t size) : socket_(std::move(socket)), buffer_(size)
    {
        socket_.set_option(tcp::no_delay(true));
    }

    void receive()
    {
        auto done = [self = shared_from_this()](error_code error, std::size_t bytes) {
            if (!error)
                self->answer(bytes);
        };
        socket_.async_read_some(asio::buffer(buffer_), std::move(done));
    }

private:
    void answer(std::size_t bytes)
    {
        auto done = [self = shared_from_this()](error_code error, std::size_t) {
            if (!error)
                self->receive();
        };
        asio::async_write(socket_, asio::buffer(buffer_, bytes), std::move(done));
    }

    tcp::socket socket_;
    std::vector<char> buffer_;
};

void accept_from(tcp::acceptor &acceptor, std::size_t size)
{
    acceptor.async_accept([&acceptor, size](error_code error, tcp::socket socket) {
        if (error)
            throw boost::system::system_error(error);
        std::make_shared<connection>(std::move(socket), size)->receive();
        accept_from(acceptor, size);
    });
}

} // namespace

int main(int argc, char **argv)
{
    int workers = static_cast<int>(option(argc, argv, "workers", 1));
    auto size = static_cast<std::size_t>(option(argc, argv, "size", 4096));
    asio::io_context context(workers);
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    acceptor.listen(4096);
    accept_from(acceptor, size);
    std::printf("listening %u\n", unsigned{acceptor.local_endpoint().port()});
    std::fflush(stdout);
    std::vector<std::thread> others;
    for (int i = 1; i < workers; i++)
        others.emplace_back([&context] { context.run(); });
    context.run();
    return 0;
}
