// A real server on a port of the system's choice, and Beast's own client against it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <list>
#include <memory>

#include "proto/http/metrics_text.h"
#include "proto/http/server.h"
#include "scheduler/service/identity/tls_files.h"
#include "tests/unit/service/scratch_folder.h"

namespace gusu::service {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using testing::HasSubstr;
using Reply = http::response<http::string_body>;

HttpReply routes(std::string_view target) {
    if (target == "/metrics") {
        return {
            .status = 200, .content_type = "text/plain; version=0.0.4", .body = "gusu_leader 1\n"};
    }
    if (target == "/healthz") {
        return {.status = 200, .body = "alive\n"};
    }
    if (target == "/readyz") {
        return {.status = 503, .body = "standby\n"};
    }
    return http_not_found(target);
}

HttpOptions plain_options() {
    return {.listen = {.host = "127.0.0.1", .port = 0},
            .security = HttpSecurity::PlainOnLoopback,
            .certificate = {},
            .key = {},
            .routes = routes};
}

std::unique_ptr<HttpServer> start(const HttpOptions& options) {
    Result<std::unique_ptr<HttpServer>> server = HttpServer::start(options);
    EXPECT_TRUE(server.ok()) << (server ? "" : server.error().message);
    return server ? std::move(*server) : nullptr;
}

// One connection of a client.
class Client {
public:
    explicit Client(const HttpServer& server) {
        socket_.connect({asio::ip::make_address(server.address().host), server.address().port});
    }

    void send(const std::string& text) { asio::write(socket_, asio::buffer(text)); }

    Reply receive(http::verb of = http::verb::get) {
        http::response_parser<http::string_body> parser;
        parser.skip(of == http::verb::head);
        http::read(socket_, buffer_, parser);
        return parser.release();
    }

    Reply ask(http::verb verb, const std::string& target) {
        http::request<http::empty_body> request(verb, target, 11);
        request.set(http::field::host, "localhost");
        http::write(socket_, request);
        return receive(verb);
    }

    // Whether the server closes the connection and says nothing before.
    bool is_closed_unanswered() {
        char byte = 0;
        beast::error_code outcome;
        const std::size_t size = asio::read(socket_, asio::buffer(&byte, 1), outcome);
        return size == 0 &&
               (outcome == asio::error::eof || outcome == asio::error::connection_reset);
    }

private:
    asio::io_context context_;
    tcp::socket socket_{context_};
    beast::flat_buffer buffer_;
};

TEST(HttpServer, AnswersItsRoutes) {
    const auto server = start(plain_options());
    Client client(*server);
    const Reply metrics = client.ask(http::verb::get, "/metrics");
    EXPECT_EQ(metrics.result_int(), 200U);
    EXPECT_EQ(metrics[http::field::content_type], "text/plain; version=0.0.4");
    EXPECT_EQ(metrics.body(), "gusu_leader 1\n");
    const Reply health = client.ask(http::verb::get, "/healthz?verbose=1");
    EXPECT_EQ(health.result_int(), 200U);
    EXPECT_EQ(health.body(), "alive\n");
    const Reply ready = client.ask(http::verb::get, "/readyz");
    EXPECT_EQ(ready.result_int(), 503U);
    EXPECT_EQ(ready.body(), "standby\n");
}

TEST(HttpServer, HeadTellsTheSizeWithoutTheBody) {
    const auto server = start(plain_options());
    Client client(*server);
    const Reply head = client.ask(http::verb::head, "/metrics");
    EXPECT_EQ(head.result_int(), 200U);
    EXPECT_EQ(head[http::field::content_length], "14");
    EXPECT_EQ(head.body(), "");
    EXPECT_EQ(client.ask(http::verb::get, "/healthz").body(), "alive\n") << "nothing stays behind";
}

TEST(HttpServer, OtherTargetsAndMethodsAreRefused) {
    const auto server = start(plain_options());
    Client client(*server);
    const Reply missing = client.ask(http::verb::get, "/secret");
    EXPECT_EQ(missing.result_int(), 404U);
    EXPECT_EQ(missing.body(),
              "There is nothing at \"/secret\"; try /metrics, /healthz or /readyz.\n");
    const Reply deleted = client.ask(http::verb::delete_, "/metrics");
    EXPECT_EQ(deleted.result_int(), 405U);
    EXPECT_EQ(deleted[http::field::allow], "GET, HEAD");
    EXPECT_EQ(deleted.body(), "Only GET and HEAD are answered here.\n");
}

struct BadRequest {
    const char* what;
    std::string text;
    unsigned int status;
};

TEST(HttpServer, BadRequestsAreRefusedAndTheConnectionEnds) {
    const auto server = start(plain_options());
    const BadRequest cases[] = {
        {"a header over 8 KiB", "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n", 431},
        {"a header without end", "GET / HTTP/1.1\r\nX: " + std::string(20000, 'x'), 431},
        {"a body", "POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 413},
        {"a huge body", "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413},
        {"chunks", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
         413},
        {"no HTTP", "\x16\x03\x01\x02 hello\r\n\r\n", 400},
        {"another version", "GET / HTTP/9.9\r\n\r\n", 400},
    };
    for (const BadRequest& bad : cases) {
        Client client(*server);
        client.send(bad.text);
        EXPECT_EQ(client.receive().result_int(), bad.status) << bad.what;
        EXPECT_TRUE(client.is_closed_unanswered()) << bad.what;
    }
    EXPECT_EQ(Client(*server).ask(http::verb::get, "/healthz").result_int(), 200U);
}

TEST(HttpServer, StuckClientsKeepNobodyWaiting) {
    HttpOptions options = plain_options();
    options.read_within = std::chrono::minutes(10);
    const auto server = start(options);
    std::list<Client> stuck;
    for (int i = 0; i < 20; ++i) {
        stuck.emplace_back(*server).send("GET /healthz HT");
    }
    EXPECT_EQ(Client(*server).ask(http::verb::get, "/metrics").result_int(), 200U);
    for (Client& client : stuck) {
        client.send("TP/1.1\r\n\r\n");
        EXPECT_EQ(client.receive().body(), "alive\n") << "it was waited for all the time";
    }
}

TEST(HttpServer, SilentClientsAreLeftBehind) {
    HttpOptions options = plain_options();
    options.read_within = std::chrono::milliseconds(50);
    const auto server = start(options);
    Client silent(*server);
    Client half(*server);
    half.send("GET /healthz HTTP/1.1\r\n");
    EXPECT_TRUE(silent.is_closed_unanswered());
    EXPECT_TRUE(half.is_closed_unanswered());
}

TEST(HttpServer, AtMost64Connections) {
    const auto server = start(plain_options());
    std::list<Client> clients;
    for (int i = 0; i < 64; ++i) {
        ASSERT_EQ(clients.emplace_back(*server).ask(http::verb::get, "/healthz").result_int(),
                  200U);
    }
    EXPECT_TRUE(Client(*server).is_closed_unanswered());
    clients.clear();
    bool served = false;
    for (int attempt = 0; attempt < 10'000 && !served; ++attempt) {
        Client next(*server);
        try {
            served = next.ask(http::verb::get, "/healthz").result_int() == 200U;
        } catch (const boost::system::system_error&) {
            served = false;
        }
    }
    EXPECT_TRUE(served) << "places become free again";
}

TEST(HttpServer, StopEndsConnectionsAndFreesThePort) {
    const auto server = start(plain_options());
    Client open(*server);
    ASSERT_EQ(open.ask(http::verb::get, "/healthz").result_int(), 200U);
    HttpOptions same = plain_options();
    same.listen = server->address();
    const auto second = HttpServer::start(same);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().message,
              "http.listen: cannot listen on " + format_host_port(server->address()) +
                  ": Address already in use; end what uses it or choose another "
                  "address");
    server->stop();
    server->stop();
    EXPECT_THROW(Client refused(*server), boost::system::system_error);
    EXPECT_TRUE(open.is_closed_unanswered());
    EXPECT_TRUE(HttpServer::start(same).ok());
}

TEST(HttpServer, PlainIsForLoopbackAlone) {
    HttpOptions options = plain_options();
    options.listen.host = "0.0.0.0";
    const auto server = HttpServer::start(options);
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(
        server.error().message,
        "http.insecure: loopback-only serves plain HTTP on 127.0.0.1 or ::1 alone, and http.listen "
        "names \"0.0.0.0\"; leave http.insecure out to serve TLS there");
}

class HttpsServer : public testing::Test {
protected:
    const ScratchFolder scratch;
    const TlsFiles files = *provide_tls({}, scratch.path());
    const std::unique_ptr<HttpServer> server = start({.listen = {.host = "127.0.0.1", .port = 0},
                                                      .security = HttpSecurity::Tls,
                                                      .certificate = files.certificate,
                                                      .key = files.key,
                                                      .routes = routes});

    asio::ssl::context client_context() const {
        asio::ssl::context context(asio::ssl::context::tls_client);
        context.set_verify_mode(asio::ssl::verify_peer);
        context.add_certificate_authority(asio::buffer(files.authority));
        return context;
    }
    void connect(tcp::socket& socket) const {
        socket.connect({asio::ip::make_address("127.0.0.1"), server->address().port});
    }
};

TEST_F(HttpsServer, ServesOverTls13WithItsOwnCertificate) {
    asio::io_context context;
    asio::ssl::context tls = client_context();
    asio::ssl::stream<tcp::socket> stream(context, tls);
    stream.set_verify_callback(asio::ssl::host_name_verification("localhost"));
    connect(stream.next_layer());
    stream.handshake(asio::ssl::stream_base::client);
    EXPECT_STREQ(SSL_get_version(stream.native_handle()), "TLSv1.3");
    http::request<http::empty_body> request(http::verb::get, "/healthz", 11);
    request.keep_alive(false);
    http::write(stream, request);
    beast::flat_buffer buffer;
    Reply reply;
    http::read(stream, buffer, reply);
    EXPECT_EQ(reply.body(), "alive\n");
    char byte = 0;
    beast::error_code outcome;
    asio::read(stream, asio::buffer(&byte, 1), outcome);
    EXPECT_EQ(outcome, asio::error::eof) << "the end is told, not cut";
}

TEST_F(HttpsServer, RefusesTls12AndPlainText) {
    asio::io_context context;
    asio::ssl::context tls = client_context();
    SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
    asio::ssl::stream<tcp::socket> stream(context, tls);
    connect(stream.next_layer());
    beast::error_code outcome;
    stream.handshake(asio::ssl::stream_base::client, outcome);
    EXPECT_THAT(outcome.message(), HasSubstr("protocol version"));
    Client plain(*server);
    EXPECT_THROW(plain.ask(http::verb::get, "/healthz"), boost::system::system_error);
}

TEST(HttpsOptions, AKeyOfAnotherCertificateIsRefused) {
    const ScratchFolder one;
    const ScratchFolder other;
    TlsFiles files = *provide_tls({}, one.path());
    files.key = provide_tls({}, other.path())->key;
    const auto server = HttpServer::start({.listen = {.host = "127.0.0.1", .port = 0},
                                           .security = HttpSecurity::Tls,
                                           .certificate = files.certificate,
                                           .key = files.key,
                                           .routes = routes});
    ASSERT_FALSE(server.ok());
    EXPECT_THAT(server.error().message,
                HasSubstr("the certificate or key cannot be used: key values mismatch"));
}

// --- metrics

class OneFamily : public prometheus::Collectable {
public:
    OneFamily(std::string name, std::string label)
        : name_(std::move(name)), label_(std::move(label)) {}

    std::vector<prometheus::MetricFamily> Collect() const override {
        prometheus::MetricFamily family;
        family.name = name_;
        family.help = "Jobs.";
        family.type = prometheus::MetricType::Gauge;
        prometheus::ClientMetric metric;
        metric.label = {{"tenant", label_}};
        metric.gauge.value = 3;
        family.metric = {metric};
        return {family};
    }

private:
    std::string name_;
    std::string label_;
};

TEST(MetricsText, SortsFamiliesAndJoinsThoseOfOneName) {
    prometheus::Registry registry;
    prometheus::BuildCounter()
        .Name("gusu_rpc_total")
        .Help("Calls.")
        .Register(registry)
        .Add({})
        .Increment();
    const OneFamily physics("gusu_jobs", "suda/\"物理\"\n");
    const OneFamily biology("gusu_jobs", "biology");
    const prometheus::Collectable* const sources[] = {&registry, &physics, &biology};
    const HttpReply reply = metrics_reply(sources);
    EXPECT_EQ(reply.status, 200U);
    EXPECT_EQ(reply.content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(reply.body,
              "# HELP gusu_jobs Jobs.\n"
              "# TYPE gusu_jobs gauge\n"
              "gusu_jobs{tenant=\"suda/\\\"物理\\\"\\n\"} 3\n"
              "gusu_jobs{tenant=\"biology\"} 3\n"
              "# HELP gusu_rpc_total Calls.\n"
              "# TYPE gusu_rpc_total counter\n"
              "gusu_rpc_total 1\n");
}

TEST(MetricsText, NothingKnownIsAnEmptyPage) { EXPECT_EQ(metrics_text({}), ""); }

}  // namespace
}  // namespace gusu::service
