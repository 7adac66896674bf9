// A scheduler without its services for people: journal, engine, and the link to agents on a port of
// its own, under TLS.
#pragma once

#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>

#include "proto/rpc/channel.h"
#include "scheduler/service/agents/agent_service.h"
#include "scheduler/service/identity/certificates.h"
#include "scheduler/service/identity/secrets.h"
#include "scheduler/service/identity/tls_files.h"
#include "scheduler/store/sqlite_journal.h"
#include "scheduler/wire/job_spec.h"
#include "tests/unit/service/scratch_folder.h"

namespace gusu::service {

// How long a test waits for what must come.
inline constexpr std::chrono::seconds kSoon{20};

inline const core::Caller kRoot{"root"};

class AgentsPlatform {
public:
    explicit AgentsPlatform(LinkOptions links = {})
        : authority_(*make_authority("test", calendar_now())),
          journal_(std::move(*store::SqliteJournal::open(folder_.path() / "journal.db"))),
          engine_(*journal_, {.retention = {}, .lease = links.lease, .policy = {}}),
          service_(engine_, {.links = links, .authority = authority_}) {
        engine_.listen([this](core::Scheduler&, const core::Events& events, Time) -> Release {
            const std::lock_guard lock(mutex_);
            batches_ += events.empty() ? 0 : 1;
            changed_.notify_all();
            return {};
        });
        core::Accelerator accelerator;
        accelerator.name = "test-gpu";
        accelerator.vendor = "test";
        EXPECT_TRUE(engine_.start({accelerator}).ok());
        serve();
        found();
    }
    AgentsPlatform(const AgentsPlatform&) = delete;
    AgentsPlatform& operator=(const AgentsPlatform&) = delete;
    ~AgentsPlatform() { stop(); }

    void stop() {
        service_.shutdown();
        server_->Shutdown(std::chrono::system_clock::now() + kSoon);
        engine_.stop();
    }

    AgentService& service() { return service_; }
    Engine& engine() { return engine_; }
    const KeyPair& authority() const { return authority_; }

    rpc::Endpoint endpoint(const KeyPair& own = {}) {
        static int connections = 0;
        rpc::Endpoint endpoint;
        endpoint.target = "127.0.0.1:" + std::to_string(port_);
        endpoint.authority = authority_.certificate;
        endpoint.certificate = own.certificate;
        endpoint.key = own.key;
        endpoint.connection = ++connections;
        return endpoint;
    }

    // Returns when it is durable.
    Result<core::Events> post(core::Command command) {
        auto promise = std::make_shared<std::promise<Result<core::Events>>>();
        engine_.post(
            std::move(command), Sender::Client,
            [promise](core::Scheduler&, const Result<core::Events>& events, Time) -> Release {
                return [promise, events](const Status&) { promise->set_value(events); };
            });
        return promise->get_future().get();
    }

    template <typename Question>
    auto now(const Question& question) {
        using Answer = std::invoke_result_t<Question, const core::State&>;
        auto promise = std::make_shared<std::promise<Answer>>();
        engine_.read([promise, &question](core::Scheduler& scheduler, Time) -> Release {
            auto answer = std::make_shared<Answer>(question(scheduler.state()));
            return [promise, answer](const Status&) { promise->set_value(*answer); };
        });
        return promise->get_future().get();
    }

    // Waits until it is true of the state. False if it does not become so.
    bool eventually(const std::function<bool(const core::State&)>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + kSoon;
        for (;;) {
            const std::uint64_t seen = batches();
            if (now(holds)) {
                return true;
            }
            std::unique_lock lock(mutex_);
            if (!changed_.wait_until(lock, deadline, [&] { return batches_ != seen; })) {
                return false;
            }
        }
    }

    // A one-time token; its secret.
    std::string node_token(const std::string& node) {
        const std::string secret = new_secret();
        core::IssueToken issue{.caller = kRoot, .token = {}, .lifetime = Duration(0)};
        issue.token.id = new_token_id();
        issue.token.hash = hash_secret(secret);
        issue.token.node = node;
        EXPECT_TRUE(post(issue).ok());
        return secret;
    }

    JobId submit(v1::JobSpec spec, const std::string& tenant = "t") {
        spec.set_tenant(tenant);
        auto submission = wire::to_submission(spec, "spec");
        EXPECT_TRUE(submission.ok()) << submission.error().message;
        core::SubmitJobs submit{kRoot, rpc::new_request_id(), {}};
        submit.submissions.push_back(std::move(*submission));
        const auto events = post(std::move(submit));
        EXPECT_TRUE(events.ok()) << events.error().message;
        return std::get<core::JobSubmitted>(events->front().body).job;
    }

    static v1::JobSpec one_task(const std::string& program = "true") {
        v1::JobSpec spec;
        spec.add_command(program);
        v1::TaskGroup& group = *spec.add_groups();
        group.set_tasks(1);
        group.mutable_resources()->set_gpus(1);
        group.mutable_resources()->set_cpus(1);
        return spec;
    }

private:
    void serve() {
        const auto pair = *make_server_certificate(authority_, {}, calendar_now());
        grpc::SslServerCredentialsOptions tls(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
        tls.pem_root_certs = authority_.certificate;
        tls.pem_key_cert_pairs.push_back({pair.key, pair.certificate});
        grpc::ServerBuilder builder;
        builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port_);
        builder.SetMaxReceiveMessageSize(64 << 20);
        builder.RegisterService(&service_);
        server_ = builder.BuildAndStart();
    }

    void found() {
        core::FoundPlatform founded;
        founded.token.id = new_token_id();
        founded.token.hash = hash_secret(new_secret());
        founded.token.user = kRoot.user;
        EXPECT_TRUE(post(founded).ok());
        EXPECT_TRUE(post(core::CreateTenant{kRoot, "t", {}}).ok());
        core::SetQuota quota;
        quota.caller = kRoot;
        quota.tenant = "t";
        quota.accelerator = core::kAnyAccelerator;
        quota.guaranteed = Amount(8000);
        EXPECT_TRUE(post(quota).ok());
    }

    std::uint64_t batches() {
        const std::lock_guard lock(mutex_);
        return batches_;
    }

    ScratchFolder folder_;
    KeyPair authority_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::uint64_t batches_ = 0;
    std::unique_ptr<store::Journal> journal_;
    Engine engine_;
    AgentService service_;
    int port_ = 0;
    std::unique_ptr<grpc::Server> server_;
};

}  // namespace gusu::service
