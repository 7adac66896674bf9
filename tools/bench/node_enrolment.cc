#include "tools/bench/node_enrolment.h"

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>

#include "gusu/v1/agent_service.grpc.pb.h"
#include "gusu/v1/identity_service.grpc.pb.h"
#include "proto/rpc/node_key.h"

namespace gusu::bench {
namespace {

namespace fs = std::filesystem;

constexpr auto kAnswer = std::chrono::seconds(60);
constexpr int kAtOnce = 8;

struct Pair {
    std::string certificate;
    std::string key;
};

std::string read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::optional<Pair> kept_pair(const fs::path& state, const std::string& node) {
    if (state.empty()) {
        return std::nullopt;
    }
    Pair pair{.certificate = read(state / (node + ".pem")), .key = read(state / (node + ".key"))};
    return pair.certificate.empty() || pair.key.empty() ? std::nullopt : std::optional(pair);
}

Status keep_pair(const fs::path& state, const std::string& node, const Pair& pair) {
    if (state.empty()) {
        return Done{};
    }
    std::ofstream key(state / (node + ".key"), std::ios::binary);
    std::ofstream certificate(state / (node + ".pem"), std::ios::binary);
    key << pair.key << std::flush;
    certificate << pair.certificate << std::flush;
    if (!key || !certificate) {
        return Error{ErrorCode::Internal,
                     "the certificate of " + node + " cannot be written to " + state.string()};
    }
    return Done{};
}

class Enroller {
public:
    explicit Enroller(const rpc::Endpoint& target)
        : identity_(v1::IdentityService::NewStub(rpc::open_channel(target))) {
        rpc::Endpoint nobody = target;
        nobody.token.clear();
        agents_ = v1::AgentService::NewStub(rpc::open_channel(nobody));
    }

    Result<Pair> enrol(const std::string& node) {
        auto key = rpc::make_node_key();
        if (!key) {
            return key.error();
        }
        const auto signed_request = rpc::certificate_request(*key, node);
        if (!signed_request) {
            return signed_request.error();
        }
        v1::CreateTokenRequest ask;
        ask.set_request_id(rpc::new_request_id());
        ask.set_node(node);
        v1::CreateTokenResponse token;
        grpc::ClientContext asking;
        asking.set_deadline(std::chrono::system_clock::now() + kAnswer);
        if (const auto status = identity_->CreateToken(&asking, ask, &token); !status.ok()) {
            return rpc::to_error(status);
        }
        v1::EnrolRequest request;
        request.set_node(node);
        request.set_token(token.secret());
        request.set_certificate_request(*signed_request);
        v1::EnrolResponse response;
        grpc::ClientContext enrolling;
        enrolling.set_deadline(std::chrono::system_clock::now() + kAnswer);
        if (const auto status = agents_->Enrol(&enrolling, request, &response); !status.ok()) {
            return rpc::to_error(status);
        }
        return Pair{.certificate = response.certificate(), .key = std::move(*key)};
    }

private:
    std::unique_ptr<v1::IdentityService::Stub> identity_;
    std::unique_ptr<v1::AgentService::Stub> agents_;
};

// The kept one, or else a new one, which is kept.
Result<Pair> pair_of(Enroller& enroller, const fs::path& state, const std::string& node) {
    if (auto kept = kept_pair(state, node)) {
        return std::move(*kept);
    }
    auto enrolled = enroller.enrol(node);
    if (!enrolled) {
        return enrolled;
    }
    const Status kept = keep_pair(state, node, *enrolled);
    return kept ? std::move(enrolled) : Result<Pair>(kept.error());
}

Status make_folder(const fs::path& state) {
    std::error_code failure;
    if (!state.empty()) {
        fs::create_directories(state, failure);
    }
    if (!failure && !state.empty()) {
        fs::permissions(state, fs::perms::owner_all, failure);
    }
    return failure ? Status(Error{ErrorCode::Internal, state.string() + ": " + failure.message()})
                   : Status(Done{});
}

}  // namespace

Result<std::vector<rpc::Endpoint>> enrol_nodes(const rpc::Endpoint& target,
                                               const std::vector<std::string>& nodes,
                                               const fs::path& state) {
    if (Status made = make_folder(state); !made) {
        return made.error();
    }
    Enroller enroller(target);
    std::vector<rpc::Endpoint> endpoints(nodes.size(), target);
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> failed = false;
    std::mutex mutex;
    Status result = Done{};
    const auto fail = [&](const Error& error) {
        const std::lock_guard lock(mutex);
        failed = true;
        result = error;
    };
    const auto enrol_some = [&] {
        for (std::size_t i = next++; i < nodes.size() && !failed; i = next++) {
            const auto pair = pair_of(enroller, state, nodes[i]);
            if (!pair) {
                fail(pair.error());
                return;
            }
            endpoints[i].token.clear();
            endpoints[i].certificate = pair->certificate;
            endpoints[i].key = pair->key;
            endpoints[i].connection = static_cast<int>(i) + 1;
        }
    };
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < kAtOnce; ++i) {
            threads.emplace_back(enrol_some);
        }
    }
    if (!result) {
        return result.error();
    }
    return endpoints;
}

}  // namespace gusu::bench
