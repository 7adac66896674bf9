#include "agent/daemon/site_programs.h"

#include <google/protobuf/util/time_util.h>
#include <prometheus/metric_family.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "agent/cgroup/cgroup.h"
#include "agent/daemon/task_users.h"
#include "scheduler/base/log.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* kNames[] = {"prolog", "epilog"};
constexpr std::int64_t kOutputLimit = std::int64_t{64} << 10;
constexpr std::size_t kMostOfALine = 300;
// A prolog of an agent that is gone is killed while the loop waits.
constexpr Duration kEndPatience{5'000};
constexpr Duration kGroupPatience{1'000};

SiteProgram program_of(const config::v1::SiteProgram& configured) {
    SiteProgram program{.command = {configured.command().begin(), configured.command().end()}};
    if (configured.has_timeout()) {
        program.timeout = Duration(
            google::protobuf::util::TimeUtil::DurationToMilliseconds(configured.timeout()));
    }
    return program;
}

std::optional<TaskKey> key_of(const std::string& text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string::npos) {
        return std::nullopt;
    }
    const auto incarnation = parse_integer(text.substr(0, dot), 1, INT64_MAX);
    const auto task = parse_integer(text.substr(dot + 1), 0, INT32_MAX);
    if (!incarnation || !task) {
        return std::nullopt;
    }
    return TaskKey{.incarnation = static_cast<std::uint64_t>(*incarnation),
                   .task = static_cast<int>(*task)};
}

// "17.0" of "17.0-epilog".
std::optional<TaskKey> key_before(const std::string& suffix, const std::string& name) {
    return name.ends_with(suffix) ? key_of(name.substr(0, name.size() - suffix.size()))
                                  : std::nullopt;
}

std::string printable(std::string line) {
    std::ranges::replace_if(
        line, [](unsigned char letter) { return letter < 0x20 || letter == 0x7F; }, '?');
    for (std::size_t right = 0; (right = valid_utf8_prefix(line)) < line.size();) {
        line[right] = '?';
    }
    return line;
}

std::string last_line(const fs::path& file) {
    const auto text = read_file(file);
    if (!text) {
        return "";
    }
    const std::size_t end = text->find_last_not_of(" \t\r\n");
    if (end == std::string::npos) {
        return "";
    }
    const std::size_t before = text->find_last_of('\n', end);
    const std::size_t begin = before == std::string::npos ? 0 : before + 1;
    return printable(text->substr(begin, std::min(end + 1 - begin, kMostOfALine)));
}

bool succeeded(const ExitRecord& exit) {
    return exit.exit_code == 0 && exit.signal == 0 && exit.launch_error.empty();
}

std::string what_failed(const ExitRecord& exit, Duration timeout) {
    if (!exit.launch_error.empty()) {
        return " did not start: " + exit.launch_error;
    }
    if (exit.timed_out) {
        return " did not end within " + format_duration(timeout);
    }
    if (exit.signal != 0) {
        return " was ended by signal " + std::to_string(exit.signal);
    }
    return " exited with " + std::to_string(exit.exit_code);
}

std::string joined(const auto& items) {
    std::string text;
    for (const auto& item : items) {
        text += (text.empty() ? "" : ",") + item;
    }
    return text;
}

// Nothing in it is the job's to choose.
std::map<std::string, std::string> environment_of(const NodeSettings& settings, const TaskKey& key,
                                                  const v1::Launch& launch) {
    std::vector<std::string> indexes;
    std::vector<std::string> uuids;
    for (const v1::Device& device : settings.devices) {
        if (std::ranges::find(launch.devices(), device.index()) != launch.devices().end()) {
            indexes.push_back(std::to_string(device.index()));
            uuids.push_back(device.uuid());
        }
    }
    std::map<std::string, std::string> environment{
        {"PATH", kPath},
        {"LANG", "C.UTF-8"},
        {"GUSU_NODE", settings.node},
        {"GUSU_JOB_ID", launch.job_id_text()},
        {"GUSU_ATTEMPT", std::to_string(launch.attempt())},
        {"GUSU_TASK", std::to_string(key.task)},
        {"GUSU_TENANT", launch.tenant()},
        {"GUSU_USER", launch.user()},
        {"GUSU_DEVICES", joined(indexes)},
        {"GUSU_DEVICE_UUIDS", joined(uuids)},
        {"GUSU_SCRATCH_DIR", settings.scratch(key).string()},
    };
    if (const auto user = user_of(settings.users, launch); user && user->owner) {
        environment["GUSU_TASK_UID"] = std::to_string(user->owner->uid);
    }
    return environment;
}

}  // namespace

SiteProgramsWanted site_programs_of(const config::v1::AgentConfig& config) {
    return {.prolog = program_of(config.prolog()), .epilog = program_of(config.epilog())};
}

std::string complaint_of(const std::string& field, const config::v1::SiteProgram& program) {
    if (program.command().empty()) {
        return field + ".command: is empty; write [/path/of/program, ARGUMENT...]";
    }
    const std::string& file = program.command(0);
    std::error_code failure;
    if (!file.starts_with('/')) {
        return field + ".command: " + quote(file) + " is no path; write /path/of/program";
    }
    if (!fs::exists(file, failure)) {
        return field + ".command: there is no " + quote(file) + "; put it there, or leave out " +
               field;
    }
    if (!fs::is_regular_file(file, failure) || ::access(file.c_str(), X_OK) != 0) {
        return field + ".command: " + quote(file) +
               " cannot be run; make it executable by chmod +x";
    }
    if (program.has_timeout() &&
        google::protobuf::util::TimeUtil::DurationToMilliseconds(program.timeout()) <= 0) {
        return field + ".timeout: is not above 0; leave it out for 60s";
    }
    return "";
}

SitePrograms::SitePrograms(SiteProgramsWanted wanted, const NodeSettings& settings, EventLoop& loop)
    : wanted_(std::move(wanted)), settings_(settings), loop_(loop) {}

SitePrograms::~SitePrograms() {
    for (const auto& runs : running_) {
        for (const auto& [key, run] : runs) {
            loop_.unwatch(run.process.get());
        }
    }
}

fs::path SitePrograms::folder(Which which, const TaskKey& key) const {
    return settings_.tasks() / (to_text(key) + "-" + kNames[static_cast<int>(which)]);
}

void SitePrograms::take_over(std::map<std::string, Descriptor>& found) {
    for (const Which which : {Which::Prolog, Which::Epilog}) {
        const std::string suffix = std::string("-") + kNames[static_cast<int>(which)];
        for (auto each = found.begin(); each != found.end();) {
            const auto key = key_before(suffix, each->first);
            if (key) {
                take_over(which, *key, std::move(each->second));
            }
            each = key ? found.erase(each) : std::next(each);
        }
    }
}

void SitePrograms::take_over(Which which, const TaskKey& key, Descriptor process) {
    if (which == Which::Epilog) {
        running(which)[key].process = std::move(process);
        watch(which, key);
        return;
    }
    const Status stopped = stop_supervisor(process, folder(which, key), {.signal = "KILL"});
    if (!stopped || !wait_until_over(process, kEndPatience)) {
        spdlog::error("prolog of a task does not end task={}", to_text(key));
    }
}

Result<bool> SitePrograms::begin(const TaskKey& key, const v1::Launch& launch, Ended ended) {
    if (!wanted_.epilog.command.empty()) {
        if (const Status prepared = prepare(Which::Epilog, key, launch); !prepared) {
            return prepared.error();
        }
    }
    if (wanted_.prolog.command.empty()) {
        return false;
    }
    if (const Status prepared = prepare(Which::Prolog, key, launch); !prepared) {
        return prepared.error();
    }
    if (const Status started = start(Which::Prolog, key, std::move(ended)); !started) {
        return started.error();
    }
    return true;
}

Status SitePrograms::prepare(Which which, const TaskKey& key, const v1::Launch& launch) {
    const SiteProgram& program = which == Which::Prolog ? wanted_.prolog : wanted_.epilog;
    const fs::path place = folder(which, key);
    if (const Status made = make_folder(place, 0700); !made) {
        return made;
    }
    SupervisorOrder order;
    order.command = program.command;
    order.environment = environment_of(settings_, key, launch);
    order.workdir = "/";
    order.output_log = (place / "output").string();
    order.log_limit = kOutputLimit;
    order.time_limit = program.timeout;
    order.stop_signal = "KILL";
    order.stop_grace = Duration{0};
    const std::string group = settings_.cgroup(key);
    order.cgroup = group.empty() ? "" : group + "-" + kNames[static_cast<int>(which)];
    return write_order(place, order);
}

Status SitePrograms::start(Which which, const TaskKey& key, Ended ended) {
    auto started = start_supervisor(settings_.supervisor, folder(which, key));
    if (!started) {
        return started.error();
    }
    running(which)[key] = {.process = std::move(started->process), .ended = std::move(ended)};
    watch(which, key);
    return Done{};
}

void SitePrograms::watch(Which which, const TaskKey& key) {
    loop_.watch(running(which).at(key).process.get(),
                [this, which, key] { may_be_over(which, key); });
}

void SitePrograms::may_be_over(Which which, const TaskKey& key) {
    const auto found = running(which).find(key);
    if (!is_over(found->second.process)) {
        return;
    }
    reap(found->second.process);
    const Run over = std::move(found->second);
    running(which).erase(found);
    const Ended ended = over.ended;
    const Which what = which;  // unwatch() ends this function's own captures
    const TaskKey whose = key;
    const auto exit = read_exit(folder(what, whose));
    if (exit && !*exit) {
        const Status left =
            write_exit(folder(what, whose), {.launch_error = "its supervisor was killed"});
        if (!left) {
            spdlog::error("end of a site's program not kept task={} reason={}", to_text(whose),
                          left.error().message);
        }
        const std::string group = settings_.cgroup(whose);
        if (!group.empty()) {
            (void)remove_cgroups_below(
                settings_.cgroups, group + "-" + kNames[static_cast<int>(what)], kGroupPatience);
        }
    }
    loop_.unwatch(over.process.get());
    if (const std::string why = fault(what, whose); !why.empty()) {
        ++failures_[static_cast<std::size_t>(what)];
        spdlog::error("site's program failed task={} reason=\"{}\"", to_text(whose), why);
    }
    if (ended) {
        ended();
    }
}

void SitePrograms::stop(const TaskKey& key) {
    const auto found = running(Which::Prolog).find(key);
    if (found == running(Which::Prolog).end()) {
        return;
    }
    const Status stopped =
        stop_supervisor(found->second.process, folder(Which::Prolog, key), {.signal = "KILL"});
    if (!stopped) {
        spdlog::error("prolog of a task cannot be stopped task={} reason={}", to_text(key),
                      stopped.error().message);
    }
}

bool SitePrograms::finish(const TaskKey& key, Ended ended) {
    const auto runs = running(Which::Epilog).find(key);
    if (runs != running(Which::Epilog).end()) {
        runs->second.ended = std::move(ended);
        return true;
    }
    std::error_code failure;
    const fs::path place = folder(Which::Epilog, key);
    if (!fs::exists(place / "order.json", failure) || fs::exists(place / "exit.json", failure) ||
        not_started_.contains(key)) {
        return false;
    }
    if (const Status started = start(Which::Epilog, key, std::move(ended)); !started) {
        not_started_[key] = started.error().message;
        ++failures_[static_cast<std::size_t>(Which::Epilog)];
        return false;
    }
    return true;
}

// One that was stopped did not fail.
std::string SitePrograms::fault(Which which, const TaskKey& key) const {
    const fs::path place = folder(which, key);
    const auto exit = read_exit(place);
    const auto order = read_order(place);
    std::error_code failure;
    if (!exit || !*exit || !order || succeeded(**exit) ||
        fs::exists(place / "stop.json", failure)) {
        return "";
    }
    const std::string line = last_line(place / "output");
    return std::string("the node's ") + kNames[static_cast<int>(which)] + " " +
           order->command.front() + what_failed(**exit, order->time_limit) +
           (line.empty() ? "" : "; its last line: \"" + line + "\"");
}

std::string SitePrograms::fault_of_prolog(const TaskKey& key) const {
    return fault(Which::Prolog, key);
}

std::string SitePrograms::fault_of_epilog(const TaskKey& key) const {
    const auto found = not_started_.find(key);
    return found == not_started_.end() ? fault(Which::Epilog, key)
                                       : "the node's epilog did not start: " + found->second;
}

void SitePrograms::remove_files(const TaskKey& key) {
    not_started_.erase(key);
    remove_folder(folder(Which::Prolog, key));
    remove_folder(folder(Which::Epilog, key));
}

std::vector<prometheus::MetricFamily> SitePrograms::Collect() const {
    prometheus::MetricFamily family;
    family.name = "gusu_site_program_failures_total";
    family.help = "Prologs and epilogs of the site that failed since the agent started";
    family.type = prometheus::MetricType::Counter;
    for (const Which which : {Which::Prolog, Which::Epilog}) {
        prometheus::ClientMetric& metric = family.metric.emplace_back();
        metric.label = {{"node", settings_.node}, {"program", kNames[static_cast<int>(which)]}};
        metric.counter.value =
            static_cast<double>(failures_[static_cast<std::size_t>(which)].load());
    }
    return {family};
}

}  // namespace gusu::agent
