#include "agent/daemon/device/device_plugins.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <utility>

#include "agent/daemon/files.h"
#include "deviceplugin/v1beta1/api.grpc.pb.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;
using Stub = v1beta1::DevicePlugin::Stub;

constexpr const char* kSocket = "kubelet.sock";
constexpr auto kEndPatience = std::chrono::seconds(2);
constexpr int kMostMessage = 4 << 20;
// From so many devices on, halves of them may be better joined than the whole.
constexpr std::size_t kLeastForGroups = 4;

bool somebody_serves(const fs::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket.string();
    if (path.size() >= sizeof address.sun_path) {
        return false;
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const Descriptor descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&address),
                     sizeof address) == 0;
}

Status free_folder(const fs::path& folder) {
    const fs::path socket = folder / kSocket;
    if (socket.string().size() >= sizeof(sockaddr_un::sun_path)) {
        return Error{ErrorCode::InvalidArgument,
                     "device_plugins.folder: " + folder.string() +
                         " is too long for the name of a socket in it, which has at most " +
                         std::to_string(sizeof(sockaddr_un::sun_path) - 1) + " bytes"};
    }
    if (somebody_serves(socket)) {
        return Error{ErrorCode::FailedPrecondition,
                     "device_plugins: a kubelet serves " + socket.string() +
                         "; a node's devices are given out by Kubernetes or by Gusu, not by both: "
                         "stop the kubelet, or name another folder"};
    }
    std::error_code failure;
    fs::create_directories(folder, failure);
    if (failure) {
        return system_error("cannot make the plugins' folder", folder);
    }
    fs::remove(socket, failure);
    return Done{};
}

std::string why_of(const grpc::Status& status) {
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
        return "it did not answer in time";
    }
    return status.error_message().empty() ? "code " + std::to_string(status.error_code())
                                          : quote(status.error_message());
}

std::chrono::system_clock::time_point deadline(Timers::Clock::duration within) {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(within);
}

}  // namespace

// What the network's threads hold: they may come late. When `closed`, nothing reaches the loop any
// more.
class DevicePlugins::Network : public v1beta1::Registration::CallbackService,
                               public std::enable_shared_from_this<Network> {
public:
    Network(EventLoop& loop, DevicePlugins& plugins) : loop_(loop), plugins_(&plugins) {}

    Status serve(const fs::path& folder) {
        grpc::ServerBuilder builder;
        const fs::path socket = folder / kSocket;
        builder.AddListeningPort("unix:" + socket.string(), grpc::InsecureServerCredentials());
        builder.SetMaxReceiveMessageSize(kMostMessage);
        builder.RegisterService(this);
        server_ = builder.BuildAndStart();
        // Whoever may write to it may offer devices.
        if (server_ == nullptr || ::chmod(socket.c_str(), 0600) != 0) {
            return system_error("device_plugins: cannot serve", socket);
        }
        return Done{};
    }

    // On the loop's thread, if the plugins are still there.
    void tell(std::function<void(DevicePlugins&)> what) {
        const std::lock_guard lock(mutex_);
        if (plugins_ != nullptr) {
            loop_.post([self = shared_from_this(), what = std::move(what)] {
                if (self->plugins_ != nullptr) {
                    what(*self->plugins_);
                }
            });
        }
    }

    // Called on the loop's thread.
    void tell_after(Timers::Clock::duration time, std::function<void(DevicePlugins&)> what) {
        loop_.after(time, [self = shared_from_this(), what = std::move(what)] {
            if (self->plugins_ != nullptr) {
                what(*self->plugins_);
            }
        });
    }

    // The context lives until call_over(), so that it can be cancelled.
    void call_begins(grpc::ClientContext& context) {
        const std::lock_guard lock(mutex_);
        calls_.insert(&context);
        if (plugins_ == nullptr) {
            context.TryCancel();
        }
    }
    void call_over(grpc::ClientContext& context) {
        const std::lock_guard lock(mutex_);
        calls_.erase(&context);
        over_.notify_all();
    }

    void close() {
        {
            const std::lock_guard lock(mutex_);
            plugins_ = nullptr;
            for (grpc::ClientContext* call : calls_) {
                call->TryCancel();
            }
        }
        if (server_ != nullptr) {
            server_->Shutdown(std::chrono::system_clock::now() + kEndPatience);
        }
        std::unique_lock lock(mutex_);
        over_.wait(lock, [this] { return calls_.empty(); });
        lock.unlock();
        server_.reset();
    }

    grpc::ServerUnaryReactor* Register(grpc::CallbackServerContext* context,
                                       const v1beta1::RegisterRequest* request,
                                       v1beta1::Empty* /*response*/) override;

private:
    EventLoop& loop_;
    DevicePlugins* plugins_;
    std::unique_ptr<grpc::Server> server_;
    std::mutex mutex_;
    std::condition_variable over_;
    std::set<grpc::ClientContext*> calls_;
};

// One registration of a plugin. Registered anew, it is another one.
class DevicePlugins::Plugin : public std::enable_shared_from_this<Plugin> {
public:
    Plugin(std::shared_ptr<Network> network, const PluginOptions& options,
           const v1beta1::RegisterRequest& request)
        : network_(std::move(network)), options_(options), resource_(request.resource_name()) {
        grpc::ChannelArguments arguments;
        arguments.SetMaxReceiveMessageSize(kMostMessage);
        // Each registration has a connection of its own: the old one leads to a plugin that is
        // gone.
        arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
        stub_ = v1beta1::DevicePlugin::NewStub(
            grpc::CreateCustomChannel("unix:" + (options.folder / request.endpoint()).string(),
                                      grpc::InsecureChannelCredentials(), arguments));
    }

    const std::string& resource() const { return resource_; }
    // As the plugin says when it is asked, which counts more than what it says when it registers.
    const v1beta1::DevicePluginOptions& wishes() const { return wishes_; }

    bool has_listed = false;

    // Asks for its options, then watches its list until it ends.
    void begin() {
        auto self = shared_from_this();
        call<v1beta1::Empty, v1beta1::DevicePluginOptions>(
            {}, options_.answer_within,
            [](Stub& stub, auto... arguments) {
                stub.async()->GetDevicePluginOptions(arguments...);
            },
            [self](DevicePlugins& plugins, const Result<v1beta1::DevicePluginOptions>& answer) {
                if (!answer) {
                    plugins.lost(self, "it does not tell its options: " + answer.error().message);
                    return;
                }
                self->wishes_ = *answer;
                self->watch();
            });
    }
    // Its watch ends; nothing more is heard of it.
    void end() { watch_context_->TryCancel(); }

    // `answered(plugins, result)` is called on the loop's thread.
    template <typename Request, typename Response, typename Start, typename Answered>
    void call(Request request, Timers::Clock::duration within, Start start, Answered answered) {
        struct Call {
            grpc::ClientContext context;
            Request request;
            Response response;
            std::shared_ptr<Stub> stub;
        };
        auto made = std::make_shared<Call>();
        made->request = std::move(request);
        made->stub = stub_;
        made->context.set_deadline(deadline(within));
        made->context.set_wait_for_ready(true);  // it may register just before it serves
        network_->call_begins(made->context);
        start(*made->stub, &made->context, &made->request, &made->response,
              [network = network_, made, answered](const grpc::Status& status) {
                  Result<Response> result = made->response;
                  if (!status.ok()) {
                      result = Error{ErrorCode::Unavailable, why_of(status)};
                  }
                  network->tell(
                      [answered, result](DevicePlugins& plugins) { answered(plugins, result); });
                  network->call_over(made->context);
              });
    }

private:
    class Watch;
    void watch();

    const std::shared_ptr<Network> network_;
    const PluginOptions& options_;
    const std::string resource_;
    std::shared_ptr<Stub> stub_;
    v1beta1::DevicePluginOptions wishes_;
    std::shared_ptr<grpc::ClientContext> watch_context_ = std::make_shared<grpc::ClientContext>();
};

// The stream of lists. Owns itself until it is done.
class DevicePlugins::Plugin::Watch final
    : public grpc::ClientReadReactor<v1beta1::ListAndWatchResponse> {
public:
    Watch(std::shared_ptr<Plugin> plugin, std::shared_ptr<Network> network)
        : plugin_(std::move(plugin)),
          network_(std::move(network)),
          context_(plugin_->watch_context_) {
        network_->call_begins(*context_);
        plugin_->stub_->async()->ListAndWatch(context_.get(), &request_, this);
        StartRead(&list_);
        StartCall();
    }

    void OnReadDone(bool ok) override {
        if (!ok) {
            return;
        }
        network_->tell([plugin = plugin_, list = list_](DevicePlugins& plugins) {
            plugins.listed(plugin, list);
        });
        StartRead(&list_);
    }

    void OnDone(const grpc::Status& status) override {
        const std::string why =
            status.ok() ? "its plugin has ended" : "its plugin is gone: " + why_of(status);
        network_->tell(
            [plugin = plugin_, why](DevicePlugins& plugins) { plugins.lost(plugin, why); });
        const auto network = network_;
        const auto context = context_;
        delete this;
        network->call_over(*context);
    }

private:
    const std::shared_ptr<Plugin> plugin_;
    const std::shared_ptr<Network> network_;
    const std::shared_ptr<grpc::ClientContext> context_;
    v1beta1::Empty request_;
    v1beta1::ListAndWatchResponse list_;
};

void DevicePlugins::Plugin::watch() {
    new Watch(shared_from_this(), network_);
    network_->tell_after(options_.answer_within,
                         [self = shared_from_this()](DevicePlugins& plugins) {
                             if (!self->has_listed) {
                                 self->end();
                                 plugins.lost(self, "its plugin does not list its devices");
                             }
                         });
}

grpc::ServerUnaryReactor* DevicePlugins::Network::Register(grpc::CallbackServerContext* context,
                                                           const v1beta1::RegisterRequest* request,
                                                           v1beta1::Empty* /*response*/) {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    if (const Status right = check_registration(*request); !right) {
        spdlog::error("device plugin refused reason={}", right.error().message);
        reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, right.error().message});
        return reactor;
    }
    tell([request = *request](DevicePlugins& plugins) { plugins.registered(request); });
    reactor->Finish(grpc::Status::OK);
    return reactor;
}

// The plugins of one task's devices, one after the other.
class DevicePlugins::Allocation : public std::enable_shared_from_this<Allocation> {
public:
    explicit Allocation(Granted granted) : granted_(std::move(granted)) {}

    void add(const std::shared_ptr<Plugin>& plugin, const std::string& id) {
        ids_[plugin].push_back(id);
    }

    void refuse(const std::string& resource, const std::string& id) const {
        granted_(Error{ErrorCode::Unavailable,
                       "the device plugin of " + resource + " is gone, and so is " + quote(id)});
    }

    void next(DevicePlugins& plugins) {
        if (ids_.empty()) {
            granted_(std::move(grant_));
            return;
        }
        auto [plugin, ids] = *ids_.begin();
        ids_.erase(ids_.begin());
        v1beta1::AllocateRequest request;
        request.add_container_requests()->mutable_devices_ids()->Add(ids.begin(), ids.end());
        plugin->call<v1beta1::AllocateRequest, v1beta1::AllocateResponse>(
            std::move(request), plugins.options_.answer_within,
            [](Stub& stub, auto... arguments) { stub.async()->Allocate(arguments...); },
            [self = shared_from_this(), plugin, ids](DevicePlugins& owner, const auto& answer) {
                self->allocated(owner, plugin, ids, answer);
            });
    }

private:
    using Ids = std::vector<std::string>;

    void allocated(DevicePlugins& plugins, const std::shared_ptr<Plugin>& plugin, const Ids& ids,
                   const Result<v1beta1::AllocateResponse>& answer) {
        const auto grant = answer ? to_grant(*answer, plugins.options_.cdi_folders)
                                  : Result<DeviceGrant>(answer.error());
        if (!grant) {
            fail(*plugin, "does not give " + quote(ids.front()), grant.error());
            return;
        }
        grant_.environment.insert(grant->environment.begin(), grant->environment.end());
        grant_.files.insert(grant_.files.end(), grant->files.begin(), grant->files.end());
        if (!plugin->wishes().pre_start_required()) {
            next(plugins);
            return;
        }
        v1beta1::PreStartContainerRequest request;
        request.mutable_devices_ids()->Add(ids.begin(), ids.end());
        plugin->call<v1beta1::PreStartContainerRequest, v1beta1::PreStartContainerResponse>(
            std::move(request), plugins.options_.prepare_within,
            [](Stub& stub, auto... arguments) { stub.async()->PreStartContainer(arguments...); },
            [self = shared_from_this(), plugin, ids](DevicePlugins& owner, const auto& prepared) {
                if (prepared) {
                    self->next(owner);
                } else {
                    self->fail(*plugin, "does not prepare " + quote(ids.front()), prepared.error());
                }
            });
    }

    void fail(const Plugin& plugin, const std::string& what, const Error& error) {
        granted_(Error{error.code, "the device plugin of " + plugin.resource() + " " + what + ": " +
                                       error.message});
    }

    const Granted granted_;
    std::map<std::shared_ptr<Plugin>, Ids> ids_;
    DeviceGrant grant_;
};

DevicePlugins::DevicePlugins(PluginOptions options, EventLoop& loop, std::function<void()> changed)
    : options_(std::move(options)),
      changed_(std::move(changed)),
      network_(std::make_shared<Network>(loop, *this)) {}

DevicePlugins::~DevicePlugins() { network_->close(); }

Result<std::unique_ptr<DevicePlugins>> DevicePlugins::start(PluginOptions options, EventLoop& loop,
                                                            std::function<void()> changed) {
    const auto memory = read_file(options.memory);
    if (!memory && memory.error().code != ErrorCode::NotFound) {
        return memory.error();
    }
    auto devices = PluginDevices::read(memory ? *memory : "");
    if (!devices) {
        return Error{devices.error().code, options.memory.string() + " " + devices.error().message +
                                               "; remove it while no task runs"};
    }
    if (const Status free = free_folder(options.folder); !free) {
        return free.error();
    }
    std::unique_ptr<DevicePlugins> plugins(
        new DevicePlugins(std::move(options), loop, std::move(changed)));
    plugins->devices_ = std::move(*devices);
    plugins->devices_.begin_at(plugins->options_.first_index);
    if (const Status served = plugins->network_->serve(plugins->options_.folder); !served) {
        return served.error();
    }
    spdlog::info("device plugins may register socket={}",
                 (plugins->options_.folder / kSocket).string());
    return plugins;
}

void DevicePlugins::registered(const v1beta1::RegisterRequest& request) {
    const std::string& resource = request.resource_name();
    if (options_.catalogue.name_of_resource(resource, options_.resources).empty()) {
        spdlog::error(
            "devices of a plugin are not offered: nothing says which accelerator the resource is; "
            "name it in device_plugins.resources, or in plugin_resources of the catalogue "
            "resource={}",
            resource);
        return;
    }
    std::shared_ptr<Plugin>& place = plugins_[resource];
    if (place != nullptr) {
        place->end();
    }
    place = std::make_shared<Plugin>(network_, options_, request);
    spdlog::info("device plugin registered resource={} endpoint={}", resource, request.endpoint());
    place->begin();
}

bool DevicePlugins::is_current(const std::shared_ptr<Plugin>& plugin) const {
    const auto found = plugins_.find(plugin->resource());
    return found != plugins_.end() && found->second == plugin;
}

void DevicePlugins::listed(const std::shared_ptr<Plugin>& plugin,
                           const v1beta1::ListAndWatchResponse& list) {
    if (!is_current(plugin)) {
        return;
    }
    plugin->has_listed = true;
    if (const Status right = check_list(list); !right) {
        plugin->end();
        lost(plugin, "its plugin " + right.error().message);
        return;
    }
    if (devices_.take(plugin->resource(), list)) {
        remember();
    }
    spdlog::info("device plugin lists resource={} devices={} healthy={}", plugin->resource(),
                 list.devices_size(), devices_.healthy_ids(plugin->resource()).size());
    ask_for_groups(plugin);
    changed_();
}

// Gusu's scheduler chooses devices, not the plugin. What the plugin prefers tells which of them
// belong together, and that is what the scheduler goes by.
void DevicePlugins::ask_for_groups(const std::shared_ptr<Plugin>& plugin) {
    const auto ids = devices_.healthy_ids(plugin->resource());
    if (!plugin->wishes().get_preferred_allocation_available() || ids.size() < kLeastForGroups ||
        ids.size() % 2 != 0) {
        return;
    }
    v1beta1::PreferredAllocationRequest request;
    auto& half = *request.add_container_requests();
    half.mutable_available_deviceids()->Add(ids.begin(), ids.end());
    half.set_allocation_size(static_cast<int>(ids.size() / 2));
    plugin->call<v1beta1::PreferredAllocationRequest, v1beta1::PreferredAllocationResponse>(
        std::move(request), options_.answer_within,
        [](Stub& stub, auto... arguments) { stub.async()->GetPreferredAllocation(arguments...); },
        [plugin, ids](DevicePlugins& plugins, const auto& answer) {
            const bool usable =
                answer && answer->container_responses_size() == 1 &&
                answer->container_responses(0).deviceids_size() == static_cast<int>(ids.size() / 2);
            if (!plugins.is_current(plugin) || !usable) {
                return;
            }
            const auto& preferred = answer->container_responses(0).deviceids();
            plugins.devices_.group(plugin->resource(), {preferred.begin(), preferred.end()});
            plugins.changed_();
        });
}

void DevicePlugins::lost(const std::shared_ptr<Plugin>& plugin, const std::string& why) {
    if (!is_current(plugin)) {
        return;
    }
    spdlog::error("device plugin lost resource={} reason={}", plugin->resource(), why);
    devices_.lose(plugin->resource(), why);
    plugins_.erase(plugin->resource());
    changed_();
}

void DevicePlugins::remember() {
    if (const Status kept = replace_file(options_.memory, devices_.to_json(), 0600); !kept) {
        spdlog::error("numbers of devices are not kept reason={}", kept.error().message);
    }
}

std::vector<v1::Device> DevicePlugins::devices() const {
    return devices_.describe({options_.catalogue, options_.resources});
}

bool DevicePlugins::has_any_of(const std::vector<int>& indexes) const {
    for (const int index : indexes) {
        if (devices_.at(index)) {
            return true;
        }
    }
    return false;
}

void DevicePlugins::allocate(const std::vector<int>& indexes, Granted granted) {
    const auto allocation = std::make_shared<Allocation>(std::move(granted));
    for (const int index : indexes) {
        const auto place = devices_.at(index);
        if (!place) {
            continue;
        }
        const auto plugin = plugins_.find(place->resource);
        if (plugin == plugins_.end()) {
            allocation->refuse(place->resource, place->id);
            return;
        }
        allocation->add(plugin->second, place->id);
    }
    allocation->next(*this);
}

}  // namespace gusu::agent
