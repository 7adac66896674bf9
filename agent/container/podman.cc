#include "agent/container/podman.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "agent/container/engine_answers.h"
#include "agent/container/frames.h"
#include "agent/container/http.h"
#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

using nlohmann::json;

constexpr const char* kApi = "/v4.0.0/libpod";

std::string of_container(const std::string& name, const std::string& what) {
    return std::string(kApi) + "/containers/" + escaped(name) + what;
}

json limits_of(const ContainerOrder& order) {
    json limits = json::object();
    if (order.memory > 0) {
        limits["memory"] = {{"limit", order.memory}, {"swap", order.memory}};
    }
    if (order.milli_cpus > 0) {
        constexpr std::int64_t kPeriod = 100'000;  // microseconds
        limits["cpu"] = {{"quota", order.milli_cpus * kPeriod / 1000}, {"period", kPeriod}};
    }
    if (order.processes > 0) {
        limits["pids"] = {{"limit", order.processes}};
    }
    return limits;
}

}  // namespace

// The image says neither who the program is nor what it may: capabilities, volumes and privileges
// are ours to give, and we give none.
std::string create_request(const ContainerOrder& order) {
    constexpr std::int64_t kShared = std::int64_t{64} << 20;
    json request = {{"name", order.name},
                    {"image", order.image},
                    {"env", order.environment},
                    {"work_dir", order.workdir},
                    {"user", std::to_string(order.uid) + ":" + std::to_string(order.gid)},
                    {"labels", {{"gusu.node", order.node}}},
                    {"netns", {{"nsmode", "host"}}},
                    {"cap_drop", {"ALL"}},
                    {"no_new_privileges", true},
                    {"image_volume_mode", "ignore"},
                    {"systemd", "false"},
                    {"log_configuration", {{"driver", "none"}}},
                    {"shm_size", order.memory > 0 ? order.memory / 2 : kShared},
                    {"resource_limits", limits_of(order)},
                    // Both, or podman sets neither and some runtimes refuse what it inherits.
                    {"r_limits",
                     {{{"type", "nofile"}, {"soft", 1024}, {"hard", 4096}},
                      {{"type", "nproc"}, {"soft", 4096}, {"hard", 4096}}}}};
    if (!order.command.empty()) {
        request["entrypoint"] = json::array();
        request["command"] = order.command;
    }
    if (!order.cgroup_parent.empty()) {
        request["cgroup_parent"] = order.cgroup_parent;
    }
    for (const Mount& mount : order.mounts) {
        request["mounts"].push_back(
            {{"type", "bind"},
             {"source", mount.source},
             {"destination", mount.target},
             {"options", {"rbind", "nosuid", "nodev", mount.read_only ? "ro" : "rw"}}});
    }
    for (const std::string& device : order.devices) {
        request["devices"].push_back({{"path", device}});
    }
    return request.dump(-1, ' ', false, json::error_handler_t::replace);
}

Status Podman::ping() const {
    return expect_success(ask(socket_, {.method = "GET", .target = std::string(kApi) + "/_ping"}),
                          "podman's service at " + socket_);
}

Result<bool> Podman::has_image(const std::string& image) const {
    const auto answer = ask(
        socket_,
        {.method = "GET", .target = std::string(kApi) + "/images/" + escaped(image) + "/exists"});
    if (!answer) {
        return answer.error();
    }
    return answer->status / 100 == 2;
}

Status Podman::pull(const std::string& image,
                    const std::function<void(const std::string&)>& tell) const {
    std::string line;
    std::string failure;
    const auto hear = [&](std::string_view piece) {
        for (const char letter : piece) {
            if (letter != '\n') {
                line += letter;
                continue;
            }
            const json said = json::parse(line, nullptr, false);
            line.clear();
            if (said.is_object() && said.contains("error")) {
                failure = said["error"].is_string() ? said["error"].get<std::string>() : "?";
            } else if (said.is_object() && said.contains("stream") && said["stream"].is_string()) {
                tell(said["stream"].get<std::string>());
            }
        }
    };
    const auto answer =
        ask_and_hear(socket_,
                     {.method = "POST",
                      .target = std::string(kApi) + "/images/pull?reference=" + escaped(image)},
                     hear);
    if (!answer) {
        return answer.error();
    }
    if (answer->status / 100 != 2) {
        return pull_failed(image, reason_in(*answer));
    }
    return failure.empty() ? Status(Done{}) : Status(pull_failed(image, failure));
}

Status Podman::create(const ContainerOrder& order) const {
    const HttpRequest request{.method = "POST",
                              .target = std::string(kApi) + "/containers/create",
                              .body = create_request(order)};
    auto answer = ask(socket_, request);
    // An earlier try that was killed.
    if (answer && (answer->status == kHttpConflict ||
                   answer->body.find("already in use") != std::string::npos)) {
        if (const Status removed = remove(order.name); !removed) {
            return removed;
        }
        answer = ask(socket_, request);
    }
    if (answer && answer->status / 100 != 2) {
        return start_failed(reason_in(*answer));
    }
    return expect_success(answer, "the container cannot be made");
}

Status Podman::prepare(const std::string& name) const { return bring_up(name, "/init"); }
Status Podman::start(const std::string& name) const { return bring_up(name, "/start"); }

Status Podman::bring_up(const std::string& name, const std::string& step) const {
    const auto answer = ask(socket_, {.method = "POST", .target = of_container(name, step)});
    if (answer && answer->status / 100 != 2 && answer->status != kHttpNotModified) {
        return start_failed(reason_in(*answer));
    }
    return expect_success(answer, "the container does not start");
}

Status Podman::listen(const std::string& name, const std::function<void()>& attached,
                      const std::function<void(Stream, std::string_view)>& hear) const {
    Frames frames(hear);
    const auto answer = upgrade(
        socket_,
        {.method = "POST",
         .target = of_container(name, "/attach?stream=true&stdout=true&stderr=true&stdin=false")},
        attached, [&](std::string_view piece) { frames.add(piece); });
    if (answer && answer->status == 101) {
        return Done{};
    }
    return expect_success(answer, "cannot hear the container");
}

Status Podman::signal(const std::string& name, int number) const {
    return expect_success(
        ask(socket_, {.method = "POST",
                      .target = of_container(name, "/kill?signal=" + std::to_string(number))}),
        "the container does not take the signal");
}

Result<Podman::State> Podman::end_of(const std::string& name) const {
    const auto waited = ask(
        socket_,
        {.method = "POST", .target = of_container(name, "/wait?condition=stopped&interval=10ms")});
    if (const Status good = expect_success(waited, "the container cannot be waited for"); !good) {
        return good.error();
    }
    const auto answer = ask(socket_, {.method = "GET", .target = of_container(name, "/json")});
    if (const Status good = expect_success(answer, "the container cannot be looked at"); !good) {
        return good.error();
    }
    const json content = json::parse(answer->body, nullptr, false);
    const json state =
        content.is_object() ? content.value("State", json::object()) : json::object();
    return State{.out_of_memory = state.value("OOMKilled", false),
                 .exit_code = state.value("ExitCode", 0)};
}

// What has just been killed takes podman a moment to understand: it first says that it cannot.
Status Podman::remove(const std::string& name) const {
    Status removed = Done{};
    for (int tries = 0; tries < 10; ++tries) {
        removed = expect_success(
            ask(socket_,
                {.method = "DELETE",
                 .target = of_container(name, "?force=true&v=true&ignore=true&timeout=0")}),
            "the container cannot be removed");
        if (removed || removed.error().code != ErrorCode::FailedPrecondition) {
            break;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
    return !removed && removed.error().code == ErrorCode::NotFound ? Status(Done{}) : removed;
}

Result<std::set<std::string>> Podman::with_label(const std::string& label) const {
    const json filter = {{"label", {label}}};
    const auto answer =
        ask(socket_, {.method = "GET",
                      .target = std::string(kApi) +
                                "/containers/json?all=true&filters=" + escaped(filter.dump())});
    if (const Status good = expect_success(answer, "containers cannot be listed"); !good) {
        return good.error();
    }
    std::set<std::string> names;
    const json content = json::parse(answer->body, nullptr, false);
    for (const json& each : content.is_array() ? content : json::array()) {
        for (const json& name : each.value("Names", json::array())) {
            names.insert(name.is_string() ? name.get<std::string>() : "");
        }
    }
    return names;
}

}  // namespace gusu::agent
