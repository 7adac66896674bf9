// A device plugin by the published API, as vendors write them: serves at a socket of its own,
// registers at kubelet.sock, and does what the test wants of it.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "deviceplugin/v1beta1/api.grpc.pb.h"

namespace gusu::agent {

enum class Plays { Along, DeafToAllocate, DeafToList, FailsToPrepare };

class FakePlugin final : public v1beta1::DevicePlugin::Service {
public:
    FakePlugin(std::filesystem::path folder, std::string resource, Plays plays = Plays::Along)
        : folder_(std::move(folder)), resource_(std::move(resource)), plays_(plays) {
        serve();
    }
    ~FakePlugin() override { end(); }

    struct Listed {
        std::string id;
        std::string health = "Healthy";
        int numa_node = -1;
    };
    void list(const std::vector<Listed>& devices) {
        const std::lock_guard lock(mutex_);
        list_.Clear();
        for (const Listed& device : devices) {
            v1beta1::Device& added = *list_.add_devices();
            added.set_id(device.id);
            added.set_health(device.health);
            if (device.numa_node >= 0) {
                added.mutable_topology()->add_nodes()->set_id(device.numa_node);
            }
        }
        ++version_;
        changed_.notify_all();
    }

    grpc::Status register_at(const std::string& version = "v1beta1", std::string endpoint = "") {
        auto stub = v1beta1::Registration::NewStub(grpc::CreateChannel(
            "unix:" + (folder_ / "kubelet.sock").string(), grpc::InsecureChannelCredentials()));
        v1beta1::RegisterRequest request;
        request.set_version(version);
        request.set_endpoint(endpoint.empty() ? socket_ : endpoint);
        request.set_resource_name(resource_);
        grpc::ClientContext context;
        v1beta1::Empty empty;
        return stub->Register(&context, request, &empty);
    }

    void end() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
            changed_.notify_all();
        }
        if (server_ != nullptr) {
            server_->Shutdown();
            server_.reset();
        }
    }

    // What the next tasks get.
    v1beta1::ContainerAllocateResponse gives;
    bool wants_preparation = false;
    std::vector<std::string> prefers;  // none: it has no preference
    std::atomic<int> prepared = 0;
    std::vector<std::string> allocated() const {
        const std::lock_guard lock(mutex_);
        return allocated_;
    }

private:
    void serve() {
        static std::atomic<int> number = 0;
        socket_ = "fake-" + std::to_string(++number) + ".sock";
        grpc::ServerBuilder builder;
        builder.AddListeningPort("unix:" + (folder_ / socket_).string(),
                                 grpc::InsecureServerCredentials());
        builder.RegisterService(this);
        server_ = builder.BuildAndStart();
    }

    // Until the test ends it, or who asked has gone.
    void play_deaf(const grpc::ServerContext& context) {
        std::unique_lock lock(mutex_);
        while (!ending_ && !context.IsCancelled()) {
            changed_.wait_for(lock, std::chrono::milliseconds(10));
        }
    }

    grpc::Status GetDevicePluginOptions(grpc::ServerContext* /*context*/,
                                        const v1beta1::Empty* /*request*/,
                                        v1beta1::DevicePluginOptions* options) override {
        options->set_pre_start_required(wants_preparation);
        options->set_get_preferred_allocation_available(!prefers.empty());
        return grpc::Status::OK;
    }

    grpc::Status ListAndWatch(grpc::ServerContext* context, const v1beta1::Empty* /*request*/,
                              grpc::ServerWriter<v1beta1::ListAndWatchResponse>* lists) override {
        if (plays_ == Plays::DeafToList) {
            play_deaf(*context);
            return grpc::Status::OK;
        }
        int told = 0;
        std::unique_lock lock(mutex_);
        while (!ending_ && !context->IsCancelled()) {
            if (told != version_) {
                told = version_;
                lists->Write(list_);
            }
            changed_.wait_for(lock, std::chrono::milliseconds(10));
        }
        return grpc::Status::OK;
    }

    grpc::Status GetPreferredAllocation(grpc::ServerContext* /*context*/,
                                        const v1beta1::PreferredAllocationRequest* /*request*/,
                                        v1beta1::PreferredAllocationResponse* response) override {
        response->add_container_responses()->mutable_deviceids()->Add(prefers.begin(),
                                                                      prefers.end());
        return grpc::Status::OK;
    }

    grpc::Status Allocate(grpc::ServerContext* context, const v1beta1::AllocateRequest* request,
                          v1beta1::AllocateResponse* response) override {
        if (plays_ == Plays::DeafToAllocate) {
            play_deaf(*context);
            return grpc::Status::OK;
        }
        const std::lock_guard lock(mutex_);
        const auto& ids = request->container_requests(0).devices_ids();
        allocated_.assign(ids.begin(), ids.end());
        *response->add_container_responses() = gives;
        return grpc::Status::OK;
    }

    grpc::Status PreStartContainer(grpc::ServerContext* /*context*/,
                                   const v1beta1::PreStartContainerRequest* /*request*/,
                                   v1beta1::PreStartContainerResponse* /*response*/) override {
        ++prepared;
        return plays_ == Plays::FailsToPrepare
                   ? grpc::Status(grpc::StatusCode::INTERNAL, "the reset failed")
                   : grpc::Status::OK;
    }

    const std::filesystem::path folder_;
    const std::string resource_;
    const Plays plays_;
    std::string socket_;
    std::unique_ptr<grpc::Server> server_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    v1beta1::ListAndWatchResponse list_;
    int version_ = 0;
    bool ending_ = false;
    std::vector<std::string> allocated_;
};

}  // namespace gusu::agent
