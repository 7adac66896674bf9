#include "proto/http/server.h"

#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <thread>
#include <vector>

#include "proto/http/connection.h"
#include "scheduler/base/text.h"

namespace gusu {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Outcome = boost::system::error_code;

constexpr int kThreads = 2;
constexpr std::chrono::milliseconds kAfterFailedAccept{100};

Status load_certificate(asio::ssl::context& context, const HttpOptions& options) {
    Outcome outcome;
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_3_VERSION);
    context.use_certificate_chain(asio::buffer(options.certificate), outcome);
    if (!outcome) {
        context.use_private_key(asio::buffer(options.key), asio::ssl::context::pem, outcome);
    }
    if (outcome) {
        return Error{ErrorCode::FailedPrecondition,
                     options.fields.listen +
                         ": the certificate or key cannot be used: " + outcome.message()};
    }
    return Done{};
}

Error not_loopback(const std::string& host, const HttpFields& fields) {
    return {ErrorCode::InvalidArgument,
            fields.insecure + ": loopback-only serves plain HTTP on 127.0.0.1 or ::1 alone, and " +
                fields.listen + " names " + quote(host) + "; leave " + fields.insecure +
                " out to serve TLS there"};
}

Error cannot_listen(const HttpOptions& options, const Outcome& outcome) {
    return {ErrorCode::FailedPrecondition,
            options.fields.listen + ": cannot listen on " + format_host_port(options.listen) +
                ": " + outcome.message() + "; end what uses it or choose another address"};
}

// Not under SO_REUSEPORT: a second scheduler on the same port is a mistake, and fails.
void listen_on(tcp::acceptor& acceptor, const tcp::endpoint& endpoint, Outcome& outcome) {
    acceptor.open(endpoint.protocol(), outcome);
    if (!outcome) {
        acceptor.set_option(tcp::acceptor::reuse_address(true), outcome);
    }
    if (!outcome) {
        acceptor.bind(endpoint, outcome);
    }
    if (!outcome) {
        acceptor.listen(asio::socket_base::max_listen_connections, outcome);
    }
}

}  // namespace

class HttpServer::Listening {
public:
    explicit Listening(const HttpOptions& options) {
        shared_->routes = options.routes;
        shared_->security = options.security;
        shared_->read_within = options.read_within;
    }
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;
    ~Listening() { stop(); }

    Status open(const HttpOptions& options) {
        if (options.security == HttpSecurity::Tls) {
            const Status loaded = load_certificate(shared_->tls, options);
            if (!loaded) {
                return loaded;
            }
        }
        return bind(options);
    }

    void run() {
        accept();
        for (int i = 0; i < kThreads; ++i) {
            threads_.emplace_back([this] { loop_->context.run(); });
        }
    }

    void stop() {
        if (loop_ == nullptr) {
            return;
        }
        loop_->context.stop();
        for (std::thread& thread : threads_) {
            thread.join();
        }
        threads_.clear();
        // The operations under way own their connections and go with the context: all are closed.
        loop_.reset();
    }

    const HostPort& address() const { return address_; }

private:
    Status bind(const HttpOptions& options) {
        const HostPort& listen = options.listen;
        Outcome outcome;
        tcp::resolver resolver(loop_->context);
        const auto found = resolver.resolve(listen.host, std::to_string(listen.port),
                                            tcp::resolver::passive, outcome);
        if (outcome) {
            return cannot_listen(options, outcome);
        }
        const tcp::endpoint endpoint = *found.begin();
        if (shared_->security == HttpSecurity::PlainOnLoopback &&
            !endpoint.address().is_loopback()) {
            return not_loopback(listen.host, options.fields);
        }
        listen_on(loop_->acceptor, endpoint, outcome);
        if (outcome) {
            return cannot_listen(options, outcome);
        }
        address_ = {.host = listen.host, .port = loop_->acceptor.local_endpoint(outcome).port()};
        return Done{};
    }

    void accept() {
        loop_->acceptor.async_accept(asio::make_strand(loop_->context),
                                     [this](const Outcome& outcome, tcp::socket socket) {
                                         if (!outcome) {
                                             serve_connection(shared_, std::move(socket));
                                             accept();
                                         } else {
                                             accept_later(outcome);
                                         }
                                     });
    }

    // Out of descriptors: trying again at once would only burn a processor.
    void accept_later(const Outcome& outcome) {
        spdlog::warn("cannot accept an HTTP connection error=\"{}\"", outcome.message());
        loop_->retry.expires_after(kAfterFailedAccept);
        loop_->retry.async_wait([this](const Outcome& waited) {
            if (!waited) {
                accept();
            }
        });
    }

    struct Loop {
        asio::io_context context;
        tcp::acceptor acceptor{context};
        asio::steady_timer retry{context};
    };

    std::shared_ptr<HttpShared> shared_ = std::make_shared<HttpShared>();
    std::unique_ptr<Loop> loop_ = std::make_unique<Loop>();
    HostPort address_;
    std::vector<std::thread> threads_;
};

Result<HttpSecurity> http_security(const std::string& insecure, const HostPort& listen,
                                   const HttpFields& fields) {
    if (insecure.empty()) {
        return HttpSecurity::Tls;
    }
    if (insecure != "loopback-only") {
        return Error{ErrorCode::InvalidArgument,
                     fields.insecure + ": " + quote(insecure) +
                         " is not allowed; leave it out for TLS, or write loopback-only"};
    }
    if (!is_loopback(listen.host)) {
        return not_loopback(listen.host, fields);
    }
    return HttpSecurity::PlainOnLoopback;
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpOptions& options) {
    auto listening = std::make_unique<Listening>(options);
    const Status opened = listening->open(options);
    if (!opened) {
        return opened.error();
    }
    listening->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(listening)));
}

HttpServer::HttpServer(std::unique_ptr<Listening> listening) : listening_(std::move(listening)) {}

HttpServer::~HttpServer() = default;

const HostPort& HttpServer::address() const { return listening_->address(); }

void HttpServer::stop() { listening_->stop(); }

}  // namespace gusu
