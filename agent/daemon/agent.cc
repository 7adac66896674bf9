#include "agent/daemon/agent.h"

#include <google/protobuf/util/time_util.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <random>
#include <utility>

#include "agent/cgroup/cgroup.h"
#include "agent/daemon/container_task.h"
#include "agent/daemon/device/catalogue.h"
#include "agent/daemon/device/device_filter.h"
#include "agent/daemon/device/gpu_slicer.h"
#include "agent/daemon/inventory.h"
#include "agent/daemon/task_files.h"
#include "agent/daemon/wall.h"
#include "agent/supervisor/boot_clock.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr auto kCleanEvery = std::chrono::minutes(1);
constexpr Duration kEndPatience{30'000};

Duration to_duration(const google::protobuf::Duration& duration) {
    return Duration(google::protobuf::util::TimeUtil::DurationToMilliseconds(duration));
}

// Half of what the machine has is left to the others.
std::int64_t task_processes(const config::v1::AgentConfig& config) {
    const auto text = read_file("/proc/sys/kernel/pid_max");
    const std::int64_t most = text ? std::strtoll(text->c_str(), nullptr, 10) / 2 : 0;
    return most > 0 ? std::min(most, config.task_processes()) : config.task_processes();
}

// Without a hierarchy that may be written to, tasks run without groups.
CgroupLayout usable_cgroups() {
    CgroupLayout layout = current_cgroup_layout();
    if (const Status entered = enter_agent_leaf(layout); !entered) {
        spdlog::warn("no leaf group for the agent reason={}", entered.error().message);
    }
    std::erase_if(layout.hierarchies, [](const CgroupHierarchy& hierarchy) {
        return ::access(hierarchy.base.c_str(), W_OK) != 0;
    });
    if (layout.hierarchies.empty()) {
        spdlog::warn(
            "tasks have no limits: no control group may be made; run the agent as root, or "
            "as a service with Delegate=yes");
    }
    return layout;
}

Result<NodeSettings> make_settings(const config::v1::AgentConfig& config) {
    std::error_code failure;
    NodeSettings settings;
    settings.node = config.node();
    settings.state_dir = fs::weakly_canonical(config.state_dir(), failure);
    settings.supervisor =
        fs::read_symlink("/proc/self/exe", failure).parent_path() / "gusu-supervisor";
    if (::access(settings.supervisor.c_str(), X_OK) != 0) {
        return system_error("gusu-supervisor stands beside gusu-agent; cannot run",
                            settings.supervisor);
    }
    settings.checkpoint_root = config.checkpoint_root();
    settings.log_limit = config.log_limit();
    settings.task_devices.assign(config.task_devices().begin(), config.task_devices().end());
    settings.keep_logs_for = to_duration(config.keep_logs_for());
    settings.keep_scratch_for = to_duration(config.keep_scratch_for());
    settings.task_processes = task_processes(config);
    auto users = find_task_users(config);
    if (!users) {
        return users.error();
    }
    settings.users = std::move(*users);
    settings.task_owner = settings.users.shared.owner;
    auto containers = container_settings(config);
    if (!containers) {
        return containers.error();
    }
    settings.containers = std::move(*containers);
    return settings;
}

// Tasks of another user pass through it to their scratch.
Status make_state_dir(const fs::path& folder) {
    std::error_code failure;
    return fs::is_directory(folder, failure) ? Status(Done{}) : make_folder(folder, 0711);
}

Result<Descriptor> take_state_dir(const config::v1::AgentConfig& config) {
    const fs::path folder = config.state_dir();
    if (const Status made = make_state_dir(folder); !made) {
        return made.error();
    }
    return lock_file(folder / "lock");
}

Result<Catalogue> load_catalogue(const config::v1::AgentConfig& config) {
    constexpr const char* kUsual = "/etc/gusu/catalogue.yaml";
    if (!config.catalogue_file().empty()) {
        return Catalogue::read(config.catalogue_file());
    }
    std::error_code failure;
    return fs::exists(kUsual, failure) ? Catalogue::read(kUsual) : Catalogue();
}

// "": there is none.
fs::path gpucheck_program(const config::v1::AgentConfig& config, const NodeSettings& settings) {
    const std::string& configured = config.gpu_checks().program();
    if (!configured.empty()) {
        return configured == "none" ? "" : configured;
    }
    const fs::path beside = settings.supervisor.parent_path() / "gusu-gpucheck";
    return ::access(beside.c_str(), X_OK) == 0 ? beside : fs::path();
}

// So that SQLite makes it, and what it makes beside it, for nobody else.
Status make_private(const fs::path& file) {
    std::error_code failure;
    return fs::exists(file, failure) ? Status(Done{}) : create_file(file, "", 0600);
}

}  // namespace

Result<std::unique_ptr<Agent>> Agent::start(const config::v1::AgentConfig& config) {
    auto lock = take_state_dir(config);
    if (!lock) {
        return lock.error();
    }
    std::unique_ptr<Agent> agent(new Agent(config, std::move(*lock)));
    if (const Status prepared = agent->prepare(); !prepared) {
        return prepared.error();
    }
    const auto identity = identity_of(config);
    if (!identity) {
        return identity.error();
    }
    if (const Status serving = agent->serve_http(*identity); !serving) {
        return serving.error();
    }
    agent->open_link(*identity);
    return agent;
}

Agent::Agent(const config::v1::AgentConfig& config, Descriptor lock)
    : config_(config), lock_(std::move(lock)), session_(rpc::new_request_id()) {}

Agent::~Agent() = default;

Status Agent::prepare() {
    auto settings = make_settings(config_);
    auto inventory = take_inventory(config_);
    auto boot_id = read_boot_id();
    auto loop = EventLoop::open();
    for (const Error* error :
         {settings ? nullptr : &settings.error(), inventory ? nullptr : &inventory.error(),
          boot_id ? nullptr : &boot_id.error(), loop ? nullptr : &loop.error()}) {
        if (error != nullptr) {
            return *error;
        }
    }
    settings_ = std::move(*settings);
    settings_.cgroups = usable_cgroups();
    inventory_ = std::move(inventory->offered);
    settings_.device_files = std::move(inventory->device_files);
    own_devices_.assign(inventory_.devices().begin(), inventory_.devices().end());
    offer_containers();
    boot_id_ = *boot_id;
    loop_ = std::move(*loop);
    for (const Status& set : {know_devices(), open_slicer()}) {
        if (!set) {
            return set;
        }
    }
    const fs::path journal = settings_.state_dir / "tasks.sqlite";
    for (const Status& made : {make_node_folders(settings_), make_private(journal)}) {
        if (!made) {
            return made;
        }
    }
    auto store = TaskStore::open(journal, boot_id_);
    if (!store) {
        return store.error();
    }
    store_ = std::move(*store);
    host_ = std::make_unique<LocalTaskHost>(settings_, *loop_);
    host_->prepare_devices_by([this](const v1::Launch& launch, const auto& granted) {
        return prepare_devices(launch, granted);
    });
    tasks_ = std::make_unique<Tasks>(*host_, *loop_, *store_);
    loop_->each_round([this] { tasks_->round_over(); });
    conversation_ = std::make_unique<Conversation>(
        Conversation::Identity{.node = config_.node(), .boot_id = boot_id_, .session = session_},
        *tasks_, *store_, *loop_);
    if (const Status adopted = tasks_->adopt(); !adopted) {
        return adopted;
    }
    care_->use(*tasks_);
    watch_gpus();
    return Done{};
}

// A service of podman's that starts later is found when the agent starts anew.
void Agent::offer_containers() {
    if (!settings_.containers) {
        return;
    }
    if (const Status usable = try_containers(*settings_.containers); !usable) {
        spdlog::error("this node runs no containers reason={}", usable.error().message);
        return;
    }
    inventory_.add_runtimes("container");
}

Status Agent::know_devices() {
    auto catalogue = load_catalogue(config_);
    if (!catalogue) {
        return catalogue.error();
    }
    if (const Status opened = open_device_plugins(*catalogue); !opened) {
        return opened;
    }
    care_for_devices(std::move(*catalogue));
    offer_devices();
    return set_walls();
}

Status Agent::open_device_plugins(const Catalogue& catalogue) {
    if (!config_.has_device_plugins()) {
        return Done{};
    }
    const config::v1::DevicePlugins& wanted = config_.device_plugins();
    PluginOptions options;
    options.folder = wanted.folder();
    options.memory = settings_.state_dir / "plugin-devices.json";
    options.first_index = static_cast<int>(own_devices_.size());
    options.resources = {wanted.resources().begin(), wanted.resources().end()};
    options.catalogue = catalogue;
    auto plugins = DevicePlugins::start(std::move(options), *loop_, [this] { offer_devices(); });
    if (!plugins) {
        return plugins.error();
    }
    plugins_ = std::move(*plugins);
    return Done{};
}

void Agent::care_for_devices(Catalogue catalogue) {
    const config::v1::GpuChecks& wanted = config_.gpu_checks();
    CareOptions options;
    options.program = gpucheck_program(config_, settings_);
    options.time_limit = std::chrono::seconds(wanted.time_limit().seconds());
    options.scrub =
        wanted.scrub() == config::v1::SCRUB_POLICY_NEVER ? Scrub::Never : Scrub::OnChangeOfTenant;
    options.memory = settings_.state_dir / "device-care.json";
    options.catalogue = std::move(catalogue);
    care_ = std::make_unique<DeviceCare>(std::move(options), *loop_, own_devices_,
                                         [this] { offer_devices(); });
}

// What the driver tells of errors reaches the loop from the monitor's own thread.
void Agent::watch_gpus() {
    GpuNames names{.node = config_.node(), .accelerators = {}};
    for (const v1::Device& device : own_devices_) {
        if (!device.simulated()) {
            names.accelerators[device.index()] = device.accelerator();
        }
    }
    if (names.accelerators.empty()) {
        return;
    }
    gpus_ = std::make_unique<GpuMonitor>(
        std::move(names), tasks_->device_holders(), kNvmlLibrary, [this](const GpuFault& fault) {
            loop_->post([this, fault] {
                if (fault.xid) {
                    care_->xid(fault.index, *fault.xid);
                } else {
                    care_->suspect(fault.index, "memory errors that ECC cannot correct");
                }
            });
        });
}

// Scrubbed for another tenant, and then what plugins have to say.
bool Agent::prepare_devices(const v1::Launch& launch, const LocalTaskHost::Granted& granted) {
    const std::vector<int> devices(launch.devices().begin(), launch.devices().end());
    const bool asks_plugins = plugins_ != nullptr && plugins_->has_any_of(devices);
    const auto scrubbed = [this, devices, asks_plugins, granted](const Status& clean) {
        if (!clean) {
            granted(clean.error());
        } else if (asks_plugins) {
            plugins_->allocate(devices, granted);
        } else {
            granted(DeviceGrant());
        }
    };
    // The memory of a device that is shared now is in use, and cannot be written over.
    if (care_->prepare(launch.tenant(), tasks_->device_holders().held_alone(devices), scrubbed)) {
        return true;
    }
    if (asks_plugins) {
        plugins_->allocate(devices, granted);
    }
    return asks_plugins;
}

// What there is now, to tasks and to the scheduler.
void Agent::offer_devices() {
    std::vector<v1::Device> devices = own_devices_;
    if (plugins_ != nullptr) {
        std::ranges::move(plugins_->devices(), std::back_inserter(devices));
    }
    if (care_ != nullptr) {
        care_->describe(devices);
    }
    settings_.devices = devices;
    inventory_.mutable_devices()->Assign(devices.begin(), devices.end());
    devices_are_news_ = true;  // told when the round is over
}

// To a scheduler that has welcomed this agent; others hear it when they do.
void Agent::tell_devices() {
    if (devices_are_news_ && link_->is_welcomed()) {
        devices_are_news_ = false;
        conversation_->tell_inventory(*link_, inventory_);
    }
}

// The labels tell what there is, whatever the configuration says of them.
Status Agent::set_walls() {
    const auto kind = choose_device_filter(config_, settings_);
    if (!kind) {
        return kind.error();
    }
    const auto wall = choose_wall(config_, settings_);
    if (!wall) {
        return wall.error();
    }
    settings_.device_filter = *kind;
    settings_.wall = *wall;
    auto& labels = *inventory_.mutable_labels();
    labels[kDeviceFilterLabel] = *kind == DeviceFilterKind::None ? "none" : "kernel";
    labels[kWallLabel] = to_text(*wall);
    labels[kTaskUserLabel] = task_user_label(settings_.users);
    return Done{};
}

Status Agent::open_slicer() {
    const bool some = std::ranges::any_of(settings_.devices, [](const v1::Device& device) {
        return device.slices() > 0 && device.healthy() && !device.simulated();
    });
    if (!some) {
        return Done{};
    }
    auto slicer = GpuSlicer::open();
    if (!slicer) {
        return slicer.error();
    }
    settings_.slicer = std::move(*slicer);
    return Done{};
}

Status Agent::serve_http(const Identity& identity) {
    if (config_.http_listen().empty()) {
        return Done{};
    }
    const auto place = http_place(config_);
    if (!place) {
        return place.error();
    }
    auto started = HttpService::start(*place, identity, gpus_.get());
    if (!started) {
        return started.error();
    }
    http_ = std::move(*started);
    spdlog::info("metrics served http={}", http_->address());
    return Done{};
}

void Agent::open_link(const Identity& identity) {
    std::vector<rpc::Endpoint> schedulers;
    for (const std::string& target : config_.schedulers()) {
        rpc::Endpoint& endpoint = schedulers.emplace_back();
        endpoint.target = target;
        endpoint.authority = identity.authority;
        endpoint.certificate = identity.certificate;
        endpoint.key = identity.key;
    }
    cleaner_ = std::make_unique<Cleaner>(settings_);
    logs_ = std::make_unique<LogReader>(
        *loop_, settings_.logs(), [this](const LogName& name) { return tasks_->log_state(name); },
        [this](v1::LogChunk chunk, EventLoop::Callback sent) {
            if (link_->is_welcomed()) {
                v1::ConnectRequest request;
                *request.mutable_log_chunk() = std::move(chunk);
                link_->send(std::move(request), std::move(sent));
            }
        });
    network_ = std::make_unique<GrpcLinkNetwork>(*loop_, schedulers);
    link_ = std::make_unique<Link>(*loop_, *network_, static_cast<LinkUser&>(*this),
                                   std::random_device()());
    loop_->each_round([this] {
        conversation_->tell_news(*link_);
        tell_devices();
    });
    loop_->after(Conversation::kCheckLease, [this] { check_lease_again(); });
    loop_->post([this] { clean_again(); });
}

void Agent::run() {
    link_->open();
    loop_->run();
    conversation_->note_contact();
}

v1::Hello Agent::hello() {
    devices_are_news_ = false;
    return conversation_->hello(inventory_);
}

bool Agent::welcomed(const v1::Welcome& welcome) {
    if (!conversation_->welcomed(welcome)) {
        return false;
    }
    if (http_ != nullptr) {
        http_->set_ready(true);
    }
    if (!std::exchange(ready_, true)) {
        write_ready_file();
    }
    return true;
}

Status Agent::received(const v1::ConnectResponse& response) {
    switch (response.message_case()) {
        case v1::ConnectResponse::kDesired:
            return conversation_->obey(response.desired());
        case v1::ConnectResponse::kLogRead:
            logs_->read(response.log_read());
            return Done{};
        case v1::ConnectResponse::kLogReadCancel:
            logs_->cancel(response.log_read_cancel().read_id());
            return Done{};
        case v1::ConnectResponse::kCheckDevices:
            care_->check(response.check_devices(), settings_.devices);
            return Done{};
        default:
            return Done{};
    }
}

void Agent::heard(Duration at) { conversation_->heard(at); }

void Agent::parted() {
    logs_->cancel_all();
    if (http_ != nullptr) {
        http_->set_ready(false);
    }
}

void Agent::check_lease_again() {
    conversation_->check_lease();
    loop_->after(Conversation::kCheckLease, [this] { check_lease_again(); });
}

void Agent::clean_again() {
    cleaner_->request(tasks_->kept_files());
    loop_->after(kCleanEvery, [this] { clean_again(); });
}

void Agent::write_ready_file() {
    if (config_.ready_file().empty()) {
        return;
    }
    // Name and address hold nothing that JSON would have to escape.
    const std::string http = http_ == nullptr ? "" : ",\"http\":\"" + http_->address() + "\"";
    const std::string content =
        "{\"node\":\"" + config_.node() + "\",\"pid\":" + std::to_string(::getpid()) + http + "}\n";
    if (const Status made = replace_file(config_.ready_file(), content, 0644); !made) {
        spdlog::error("no ready file reason={}", made.error().message);
    }
}

Status end_tasks(const config::v1::AgentConfig& config) {
    const auto lock = take_state_dir(config);
    if (!lock) {
        return lock.error();
    }
    std::error_code failure;
    const fs::path tasks = fs::weakly_canonical(config.state_dir(), failure) / "tasks";
    const auto supervisors = find_supervisors(tasks);
    for (const auto& [name, process] : supervisors) {
        const Status told =
            stop_supervisor(process, tasks / name, {.signal = "KILL", .grace = Duration{0}});
        if (!told) {
            return told;
        }
    }
    const Duration deadline = since_boot() + kEndPatience;
    for (const auto& [name, process] : supervisors) {
        if (!wait_until_over(process, deadline - since_boot())) {
            return Error{ErrorCode::Unavailable, "the supervisor of task " + name +
                                                     " does not end; see " +
                                                     (tasks / name / "supervisor.log").string()};
        }
    }
    const CgroupLayout cgroups = current_cgroup_layout();
    return cgroups.hierarchies.empty()
               ? Status(Done{})
               : remove_cgroups_below(cgroups, "gusu/" + config.node(), kEndPatience);
}

}  // namespace gusu::agent
