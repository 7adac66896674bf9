// The other end of the link to agents, as a test drives it.
#pragma once

#include <openssl/pem.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "gusu/v1/agent_service.grpc.pb.h"
#include "scheduler/service/identity/openssl.h"
#include "tests/unit/service/agents_platform.h"

namespace gusu::service {

// A key, and the request to have it signed.
struct NodeRequest {
    std::string key;
    std::string request;
};

inline NodeRequest make_node_request(const std::string& node) {
    const openssl::Key key(EVP_EC_gen("P-256"));
    const openssl::Request request(X509_REQ_new());
    X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName,
                               MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(node.data()),
                               static_cast<int>(node.size()), -1, 0);
    X509_REQ_set_pubkey(request.get(), key.get());
    X509_REQ_sign(request.get(), key.get(), EVP_sha256());
    const openssl::Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509_REQ(bio.get(), request.get());
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &text);
    return {.key = *openssl::write_key(*key),
            .request = std::string(text, static_cast<std::size_t>(size))};
}

inline KeyPair node_pair(const KeyPair& authority, const std::string& node) {
    NodeRequest request = make_node_request(node);
    return {.certificate = *sign_node_request(authority, request.request, node, calendar_now()),
            .key = std::move(request.key)};
}

// With a node of 8 GPUs and 32 cores.
inline v1::Hello hello_of(const std::string& node) {
    v1::Hello hello;
    hello.set_node(node);
    hello.set_boot_id("boot-1");
    hello.set_session("session-1");
    hello.mutable_inventory()->set_address("127.0.0.1");
    hello.mutable_inventory()->set_cpus(32);
    hello.mutable_inventory()->set_memory(std::int64_t{64} << 30);
    hello.mutable_inventory()->add_runtimes("process");
    for (int i = 0; i < 8; ++i) {
        v1::Device& device = *hello.mutable_inventory()->add_devices();
        device.set_index(i);
        device.set_accelerator("test-gpu");
        device.set_memory(std::int64_t{16} << 30);
        device.set_simulated(true);
        device.set_healthy(true);
    }
    return hello;
}

inline v1::TaskObservation seen(const v1::TaskKey& key, v1::TaskPhase phase) {
    v1::TaskObservation observation;
    *observation.mutable_key() = key;
    observation.set_phase(phase);
    return observation;
}

class FakeAgent {
public:
    FakeAgent(AgentsPlatform& platform, const KeyPair& pair)
        : stub_(v1::AgentService::NewStub(rpc::open_channel(platform.endpoint(pair)))),
          stream_(stub_->Connect(&context_)),
          reader_([this] { read(); }) {}
    FakeAgent(AgentsPlatform& platform, const std::string& node)
        : FakeAgent(platform, node_pair(platform.authority(), node)) {
        say(hello_of(node));
    }
    FakeAgent(const FakeAgent&) = delete;
    FakeAgent& operator=(const FakeAgent&) = delete;
    ~FakeAgent() {
        context_.TryCancel();
        reader_.join();
    }

    void say(v1::Hello hello) {
        v1::ConnectRequest request;
        *request.mutable_hello() = std::move(hello);
        stream_->Write(request);
    }
    void confirm_hello() {
        v1::ConnectRequest request;
        request.mutable_hello_confirmed();
        stream_->Write(request);
    }
    void heartbeat(std::int64_t sent_ms = 1) {
        v1::ConnectRequest request;
        request.mutable_heartbeat()->set_sent_ms(sent_ms);
        stream_->Write(request);
    }
    void observe(const v1::TaskObservation& observation) {
        v1::ConnectRequest request;
        *request.mutable_observed()->add_tasks() = observation;
        stream_->Write(request);
    }
    void describe(const v1::NodeInventory& inventory) {
        v1::ConnectRequest request;
        *request.mutable_observed()->mutable_inventory() = inventory;
        stream_->Write(request);
    }
    void send(v1::LogChunk chunk) {
        v1::ConnectRequest request;
        *request.mutable_log_chunk() = std::move(chunk);
        stream_->Write(request);
    }

    // The next message; none if the stream ends or none comes.
    std::optional<v1::ConnectResponse> next() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kSoon, [this] { return ended_ || !received_.empty(); });
        if (received_.empty()) {
            return std::nullopt;
        }
        auto response = std::move(received_.front());
        received_.pop_front();
        return response;
    }
    // The next Desired that asks for something or is full.
    std::optional<v1::Desired> next_desired() {
        while (auto response = next()) {
            const v1::Desired& desired = response->desired();
            if (desired.full() || desired.tasks_size() > 0 || desired.removed_size() > 0) {
                return desired;
            }
        }
        return std::nullopt;
    }
    std::optional<v1::LogRead> next_log_read() {
        while (auto response = next()) {
            if (response->has_log_read()) {
                return response->log_read();
            }
        }
        return std::nullopt;
    }

    // How the scheduler ended the stream; none if it does not.
    std::optional<grpc::Status> end() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, kSoon, [this] { return ended_.has_value(); });
        return ended_;
    }
    // The network, or the agent, is gone.
    void vanish() { context_.TryCancel(); }

private:
    void read() {
        v1::ConnectResponse response;
        while (stream_->Read(&response)) {
            const std::lock_guard lock(mutex_);
            received_.push_back(response);
            changed_.notify_all();
        }
        const grpc::Status status = stream_->Finish();
        const std::lock_guard lock(mutex_);
        ended_ = status;
        changed_.notify_all();
    }

    std::unique_ptr<v1::AgentService::Stub> stub_;
    grpc::ClientContext context_;
    std::unique_ptr<grpc::ClientReaderWriter<v1::ConnectRequest, v1::ConnectResponse>> stream_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<v1::ConnectResponse> received_;
    std::optional<grpc::Status> ended_;
    std::thread reader_;
};

}  // namespace gusu::service
