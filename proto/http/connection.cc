#include "proto/http/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <optional>
#include <type_traits>

#include "scheduler/base/text.h"

namespace gusu {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

using Outcome = beast::error_code;

// A reply of 10 MB to a slow monitor takes its time.
constexpr std::chrono::seconds kWriteWithin{30};
constexpr std::uint32_t kLargestHeader = 8 * 1024;

// Counts a connection for as long as it lives.
class Place {
public:
    explicit Place(std::shared_ptr<HttpShared> shared) : shared_(std::move(shared)) {
        taken_ = ++shared_->connections <= kMostConnections;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { --shared_->connections; }

    bool taken() const { return taken_; }
    HttpShared& shared() const { return *shared_; }

private:
    std::shared_ptr<HttpShared> shared_;
    bool taken_ = false;
};

HttpReply text_reply(unsigned int status, std::string body) {
    return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

// The reply to a request that could not be read, if there is one.
std::optional<HttpReply> refusal_of(const Outcome& outcome) {
    if (outcome == http::error::header_limit) {
        return text_reply(431, "The request's header is larger than 8 KiB.\n");
    }
    if (outcome == http::error::body_limit) {
        return text_reply(413, "Requests here have no body.\n");
    }
    const bool left =
        outcome == http::error::end_of_stream || outcome == http::error::partial_message;
    if (!left && outcome.category() == http::make_error_code(http::error::bad_method).category()) {
        return text_reply(400, "This is no HTTP request: " + outcome.message() + ".\n");
    }
    return std::nullopt;
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

template <typename Stream>
class Connection : public std::enable_shared_from_this<Connection<Stream>> {
    static constexpr bool kTls = !std::is_same_v<Stream, beast::tcp_stream>;

public:
    template <typename... Arguments>
    explicit Connection(std::unique_ptr<Place> place, Arguments&&... arguments)
        : place_(std::move(place)), stream_(std::forward<Arguments>(arguments)...) {}

    void start() {
        asio::dispatch(stream_.get_executor(), [self = this->shared_from_this()] {
            if constexpr (kTls) {
                self->shake_hands();
            } else {
                self->read();
            }
        });
    }

private:
    void shake_hands() {
        beast::get_lowest_layer(stream_).expires_after(place_->shared().read_within);
        stream_.async_handshake(asio::ssl::stream_base::server,
                                [self = this->shared_from_this()](const Outcome& outcome) {
                                    if (!outcome) {
                                        self->read();
                                    }
                                });
    }

    void read() {
        parser_.emplace();
        parser_->header_limit(kLargestHeader);
        parser_->body_limit(0);
        beast::get_lowest_layer(stream_).expires_after(place_->shared().read_within);
        http::async_read(stream_, buffer_, *parser_,
                         [self = this->shared_from_this()](const Outcome& outcome, std::size_t) {
                             self->answer(outcome);
                         });
    }

    void answer(const Outcome& outcome) {
        if (!outcome) {
            write(reply_to(parser_->get()), parser_->keep_alive());
        } else if (const std::optional<HttpReply> refusal = refusal_of(outcome)) {
            write(*refusal, false);
        }
    }

    HttpReply reply_to(const http::request<http::string_body>& request) const {
        if (request.method() != http::verb::get && request.method() != http::verb::head) {
            return text_reply(405, "Only GET and HEAD are answered here.\n");
        }
        const auto target = request.target();
        return place_->shared().routes(path_of({target.data(), target.size()}));
    }

    void write(HttpReply reply, bool keep_alive) {
        reply_ = {};
        reply_.version(11);
        reply_.result(reply.status);
        reply_.keep_alive(keep_alive);
        reply_.set(http::field::content_type, reply.content_type);
        reply_.set(http::field::cache_control, "no-store");
        if (reply.status == 405) {
            reply_.set(http::field::allow, "GET, HEAD");
        }
        reply_.content_length(reply.body.size());
        if (parser_->get().method() != http::verb::head) {
            reply_.body() = std::move(reply.body);
        }
        beast::get_lowest_layer(stream_).expires_after(kWriteWithin);
        http::async_write(stream_, reply_,
                          [self = this->shared_from_this()](const Outcome& outcome, std::size_t) {
                              self->after_write(outcome);
                          });
    }

    void after_write(const Outcome& outcome) {
        if (outcome) {
            return;
        }
        if (reply_.keep_alive()) {
            read();
        } else {
            end();
        }
    }

    // Says that nothing more comes. The socket closes with this object.
    void end() {
        if constexpr (kTls) {
            beast::get_lowest_layer(stream_).expires_after(place_->shared().read_within);
            stream_.async_shutdown([self = this->shared_from_this()](const Outcome&) {});
        } else {
            Outcome ignored;
            stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
            drain();
        }
    }

    // Closing with unread input would reset the connection, and the peer might never see the reply.
    void drain() {
        beast::get_lowest_layer(stream_).expires_after(place_->shared().read_within);
        discard_some(0);
    }

    void discard_some(std::size_t discarded) {
        buffer_.clear();
        stream_.async_read_some(
            buffer_.prepare(kLargestHeader),
            [self = this->shared_from_this(), discarded](const Outcome& outcome, std::size_t size) {
                if (!outcome && discarded + size < kMostDiscarded) {
                    self->discard_some(discarded + size);
                }
            });
    }

    static constexpr std::size_t kMostDiscarded = 1024 * 1024;

    std::unique_ptr<Place> place_;
    Stream stream_;
    beast::flat_buffer buffer_{2 * kLargestHeader};
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> reply_;
};

using PlainConnection = Connection<beast::tcp_stream>;
using TlsConnection = Connection<beast::ssl_stream<beast::tcp_stream>>;

}  // namespace

HttpReply http_not_found(std::string_view target) {
    return text_reply(
        404, "There is nothing at " + quote(target) + "; try /metrics, /healthz or /readyz.\n");
}

void serve_connection(std::shared_ptr<HttpShared> shared, asio::ip::tcp::socket socket) {
    auto place = std::make_unique<Place>(shared);
    if (!place->taken()) {
        return;
    }
    if (shared->security == HttpSecurity::Tls) {
        std::make_shared<TlsConnection>(std::move(place), std::move(socket), shared->tls)->start();
    } else {
        std::make_shared<PlainConnection>(std::move(place), std::move(socket))->start();
    }
}

}  // namespace gusu
