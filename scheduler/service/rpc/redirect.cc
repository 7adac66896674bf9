#include "scheduler/service/rpc/redirect.h"

#include <grpcpp/health_check_service_interface.h>

#include <chrono>

#include "proto/rpc/channel.h"

namespace gusu::service {
namespace {

class OneAnswer final : public grpc::ServerGenericBidiReactor {
public:
    explicit OneAnswer(const grpc::Status& status) { Finish(status); }
    void OnDone() override { delete this; }
};

}  // namespace

class Redirect::Answers final : public grpc::CallbackGenericService {
public:
    explicit Answers(LeaderOf leader) : leader_(std::move(leader)) {}

    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
        const std::string leader = leader_();
        std::string message = "this scheduler stands by, and at the moment none leads";
        if (!leader.empty()) {
            context->AddTrailingMetadata(rpc::kLeaderTrailer, leader);
            message = "this scheduler stands by; ask the one that leads, " + leader;
        }
        // Owned by gRPC until OnDone.
        return new OneAnswer(rpc::to_status({ErrorCode::Unavailable, message}));
    }

private:
    LeaderOf leader_;
};

Redirect::Redirect(LeaderOf leader) : answers_(std::make_unique<Answers>(std::move(leader))) {}

Result<std::unique_ptr<Redirect>> Redirect::start(const HostPort& address, const TlsFiles& tls,
                                                  LeaderOf leader) {
    std::unique_ptr<Redirect> redirect(new Redirect(std::move(leader)));
    auto listening = listen(address, tls, {.others = redirect->answers_.get()});
    if (!listening) {
        return listening.error();
    }
    redirect->listening_ = std::move(*listening);
    redirect->listening_.server->GetHealthCheckService()->SetServingStatus(false);
    return redirect;
}

Redirect::~Redirect() {
    if (listening_.server != nullptr) {
        listening_.server->Shutdown(std::chrono::system_clock::now());
    }
}

}  // namespace gusu::service
