#include "agent/container/http.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <limits>

namespace gusu::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Socket = asio::local::stream_protocol::socket;
using boost::system::error_code;

// More than any answer of which all is kept.
constexpr std::size_t kMostBody = std::size_t{64} << 20;

class Connection {
public:
    explicit Connection(std::string socket) : name_(std::move(socket)), socket_(context_) {}

    Status open() {
        error_code failure;
        socket_.connect(asio::local::stream_protocol::endpoint(name_), failure);
        return said(failure);
    }

    Status send(const HttpRequest& asked, bool upgrade) {
        http::request<http::string_body> request(http::string_to_verb(asked.method), asked.target,
                                                 11);
        request.set(http::field::host, "containers");
        request.set(http::field::connection, upgrade ? "Upgrade" : "close");
        if (upgrade) {
            request.set(http::field::upgrade, "tcp");
        }
        request.set(http::field::content_type, "application/json");
        request.body() = asked.body;
        request.prepare_payload();
        error_code failure;
        http::write(socket_, request, failure);
        return said(failure);
    }

    Status read_header(http::response_parser<http::string_body>& parser) {
        parser.body_limit(kMostBody);
        error_code failure;
        http::read_header(socket_, buffer_, parser, failure);
        return said(failure);
    }

    Status read_rest(http::response_parser<http::string_body>& parser) {
        error_code failure;
        http::read(socket_, buffer_, parser, failure);
        return said(failure);
    }

    // The body as it comes; what is left of it in `parser` is empty afterwards.
    Status hear_body(http::response_parser<http::string_body>& parser,
                     const std::function<void(std::string_view)>& hear) {
        error_code failure;
        while (!parser.is_done() && !failure) {
            http::read_some(socket_, buffer_, parser, failure);
            if (!parser.get().body().empty()) {
                hear(parser.get().body());
                parser.get().body().clear();
            }
        }
        return said(failure);
    }

    // What follows an answer that changed the protocol.
    void hear_raw(const std::function<void(std::string_view)>& hear) {
        const auto rest = buffer_.data();
        if (rest.size() > 0) {
            hear({static_cast<const char*>(rest.data()), rest.size()});
        }
        std::string piece(std::size_t{64} << 10, '\0');
        error_code failure;
        while (!failure) {
            const std::size_t got = socket_.read_some(asio::buffer(piece), failure);
            if (got > 0) {
                hear(std::string_view(piece).substr(0, got));
            }
        }
    }

private:
    Status said(const error_code& failure) const {
        return failure ? Status(Error{ErrorCode::Unavailable,
                                      "no service for containers answers at " + name_ + ": " +
                                          failure.message() +
                                          "; start it: systemctl enable --now podman.socket (or "
                                          "docker.socket)"})
                       : Status(Done{});
    }

    std::string name_;
    asio::io_context context_;
    Socket socket_;
    beast::flat_buffer buffer_;
};

Result<HttpAnswer> exchange(
    const std::string& socket, const HttpRequest& request, bool upgrade,
    const std::function<Status(Connection&, unsigned, http::response_parser<http::string_body>&)>&
        read) {
    Connection connection(socket);
    http::response_parser<http::string_body> parser;
    for (const auto& step :
         {std::function<Status()>([&] { return connection.open(); }),
          std::function<Status()>([&] { return connection.send(request, upgrade); }),
          std::function<Status()>([&] { return connection.read_header(parser); }),
          std::function<Status()>(
              [&] { return read(connection, parser.get().result_int(), parser); })}) {
        if (const Status done = step(); !done) {
            return done.error();
        }
    }
    return HttpAnswer{.status = parser.get().result_int(), .body = std::move(parser.get().body())};
}

}  // namespace

Result<HttpAnswer> ask(const std::string& socket, const HttpRequest& request) {
    return exchange(socket, request, false, [](Connection& connection, unsigned, auto& parser) {
        return connection.read_rest(parser);
    });
}

Result<HttpAnswer> ask_and_hear(const std::string& socket, const HttpRequest& request,
                                const std::function<void(std::string_view)>& hear) {
    return exchange(socket, request, false,
                    [&](Connection& connection, unsigned status, auto& parser) {
                        return status / 100 == 2 ? connection.hear_body(parser, hear)
                                                 : connection.read_rest(parser);
                    });
}

Result<HttpAnswer> upgrade(const std::string& socket, const HttpRequest& request,
                           const std::function<void()>& opened,
                           const std::function<void(std::string_view)>& hear) {
    return exchange(socket, request, true,
                    [&](Connection& connection, unsigned status, auto& parser) {
                        if (status != 101 && status != 200) {
                            return connection.read_rest(parser);
                        }
                        opened();
                        connection.hear_raw(hear);
                        return Status(Done{});
                    });
}

}  // namespace gusu::agent
