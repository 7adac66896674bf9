#include "agent/daemon/agent.h"

#include <unistd.h>

#include <random>
#include <utility>

#include "agent/cgroup/cgroup.h"
#include "agent/daemon/container_task.h"
#include "agent/daemon/device/device_filter.h"
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
    auto boot_id = read_boot_id();
    auto loop = EventLoop::open();
    for (const Error* error :
         {settings ? nullptr : &settings.error(), boot_id ? nullptr : &boot_id.error(),
          loop ? nullptr : &loop.error()}) {
        if (error != nullptr) {
            return *error;
        }
    }
    settings_ = std::move(*settings);
    Inventory inventory = take_inventory(config_);
    inventory_ = std::move(inventory.offered);
    settings_.device_files = std::move(inventory.device_files);
    offer_containers();
    boot_id_ = *boot_id;
    loop_ = std::move(*loop);
    if (const Status known = know_devices(); !known) {
        return known;
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
        return devices_->prepare(launch, granted);
    });
    if (config_.has_prolog() || config_.has_epilog()) {
        site_ = std::make_unique<SitePrograms>(site_programs_of(config_), settings_, *loop_);
        host_->surround_by(*site_);
    }
    tasks_ = std::make_unique<Tasks>(*host_, *loop_, *store_);
    loop_->each_round([this] { tasks_->round_over(); });
    conversation_ = std::make_unique<Conversation>(
        Conversation::Identity{.node = config_.node(), .boot_id = boot_id_, .session = session_},
        *tasks_, *store_, *loop_);
    if (const Status adopted = tasks_->adopt(); !adopted) {
        return adopted;
    }
    devices_->use(*tasks_);
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
    auto devices = OfferedDevices::open({.config = config_, .settings = settings_, .loop = *loop_},
                                        {inventory_.devices().begin(), inventory_.devices().end()},
                                        [this] { offer_devices(); });
    if (!devices) {
        return devices.error();
    }
    devices_ = std::move(*devices);
    return set_walls();
}

// To the scheduler, when the round is over.
void Agent::offer_devices() {
    const std::vector<v1::Device>& devices = settings_.devices;
    inventory_.mutable_devices()->Assign(devices.begin(), devices.end());
    devices_are_news_ = true;
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

Status Agent::serve_http(const Identity& identity) {
    if (config_.http_listen().empty()) {
        return Done{};
    }
    const auto place = http_place(config_);
    if (!place) {
        return place.error();
    }
    std::vector<const prometheus::Collectable*> sources{devices_.get()};
    if (devices_->monitor() != nullptr) {
        sources.push_back(devices_->monitor());
    }
    if (site_ != nullptr) {
        sources.push_back(site_.get());
    }
    auto started = HttpService::start(*place, identity, std::move(sources));
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
    serve_programs();
    link_ = std::make_unique<Link>(*loop_, *network_, static_cast<LinkUser&>(*this),
                                   std::random_device()());
    loop_->each_round([this] {
        conversation_->tell_news(*link_);
        tell_devices();
    });
    loop_->after(Conversation::kCheckLease, [this] { check_lease_again(); });
    loop_->post([this] { clean_again(); });
}

// Beside those of tasks.
void Agent::serve_programs() {
    execs_ = std::make_unique<ExecSessions>(
        *loop_,
        ExecSurroundings{
            .program = settings_.supervisor.parent_path() / "gusu-enter",
            .channel = [this] { return network_->channel(); },
            .supervised = [this](const TaskKey& key) -> Result<ExecSurroundings::Supervised> {
                auto supervisor = host_->supervisor_of(key);
                if (!supervisor) {
                    return supervisor.error();
                }
                return ExecSurroundings::Supervised{.folder = settings_.task(key),
                                                    .supervisor = std::move(*supervisor)};
            }});
    host_->serve_steps_by(
        [this](const TaskKey& from, Descriptor socket) { execs_->step(from, std::move(socket)); });
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
        case v1::ConnectResponse::kExecOpen:
            execs_->open(response.exec_open(), tasks_->highest_epoch());
            return Done{};
        case v1::ConnectResponse::kCheckDevices:
            devices_->check(response.check_devices());
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
