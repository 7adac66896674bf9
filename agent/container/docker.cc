#include "agent/container/docker.h"

#include <nlohmann/json.hpp>

#include "agent/container/engine_answers.h"
#include "agent/container/frames.h"

namespace gusu::agent {
namespace {

using nlohmann::json;

constexpr const char* kApi = "/v1.41";
constexpr std::int64_t kShared = std::int64_t{64} << 20;
constexpr std::string_view kOfImages = "/:@";  // Docker wants them as they are

std::string of_container(const std::string& name, const std::string& what) {
    return std::string(kApi) + "/containers/" + escaped(name) + what;
}

std::string text_in(const json& object, const char* key) {
    return object.is_object() && object.contains(key) && object[key].is_string()
               ? object[key].get<std::string>()
               : "";
}

json host_part(const ContainerOrder& order) {
    json host = {{"NetworkMode", "host"},
                 {"CapDrop", {"ALL"}},
                 {"SecurityOpt", {"no-new-privileges"}},
                 {"IpcMode", "private"},
                 {"LogConfig", {{"Type", "none"}}},
                 {"ShmSize", order.memory > 0 ? order.memory / 2 : kShared},
                 {"Ulimits",
                  {{{"Name", "nofile"}, {"Soft", 1024}, {"Hard", 4096}},
                   {{"Name", "nproc"}, {"Soft", 4096}, {"Hard", 4096}}}}};
    if (order.memory > 0) {
        host["Memory"] = host["MemorySwap"] = order.memory;
    }
    if (order.milli_cpus > 0) {
        host["NanoCpus"] = order.milli_cpus * 1'000'000;
    }
    if (order.processes > 0) {
        host["PidsLimit"] = order.processes;
    }
    if (!order.cgroup_parent.empty()) {
        host["CgroupParent"] = order.cgroup_parent;
    }
    for (const Mount& mount : order.mounts) {
        host["Mounts"].push_back({{"Type", "bind"},
                                  {"Source", mount.source},
                                  {"Target", mount.target},
                                  {"ReadOnly", mount.read_only}});
    }
    json by_cdi = json::array();
    for (const std::string& device : order.devices) {
        if (device.starts_with('/')) {
            host["Devices"].push_back(
                {{"PathOnHost", device}, {"PathInContainer", device}, {"CgroupPermissions", "rw"}});
        } else {
            by_cdi.push_back(device);
        }
    }
    if (!by_cdi.empty()) {
        host["DeviceRequests"].push_back({{"Driver", "cdi"}, {"DeviceIDs", by_cdi}});
    }
    return host;
}

// One line of what a pull says.
struct PullLine {
    std::string progress;
    std::string failure;
};

PullLine read_pull_line(const std::string& line) {
    const json said = json::parse(line, nullptr, false);
    const std::string layer = text_in(said, "id");
    // How far each of the layers is, many times a second, is more than anybody wants to read.
    const bool is_tick = !text_in(said, "progress").empty();
    return {
        .progress = is_tick ? "" : (layer.empty() ? "" : layer + ": ") + text_in(said, "status"),
        .failure = text_in(said, "error")};
}

}  // namespace

std::string docker_create_request(const ContainerOrder& order) {
    json environment = json::array();
    for (const auto& [name, value] : order.environment) {
        environment.push_back(name + "=" + value);
    }
    json request = {{"Image", order.image},
                    {"Env", environment},
                    {"WorkingDir", order.workdir},
                    {"User", std::to_string(order.uid) + ":" + std::to_string(order.gid)},
                    {"Labels", {{"gusu.node", order.node}}},
                    {"AttachStdout", true},
                    {"AttachStderr", true},
                    {"HostConfig", host_part(order)}};
    if (!order.command.empty()) {
        request["Entrypoint"] = json::array({""});
        request["Cmd"] = order.command;
    }
    return request.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string with_tag(const std::string& image) {
    const std::size_t name = image.rfind('/') == std::string::npos ? 0 : image.rfind('/');
    return image.find_first_of(":@", name) == std::string::npos ? image + ":latest" : image;
}

Status Docker::ping() const {
    return expect_success(ask(socket_, {.method = "GET", .target = std::string(kApi) + "/_ping"}),
                          "Docker's service at " + socket_);
}

Result<bool> Docker::has_image(const std::string& image) const {
    const auto answer = ask(
        socket_, {.method = "GET",
                  .target = std::string(kApi) + "/images/" + escaped(image, kOfImages) + "/json"});
    if (!answer) {
        return answer.error();
    }
    return answer->status / 100 == 2;
}

Status Docker::pull(const std::string& image,
                    const std::function<void(const std::string&)>& tell) const {
    std::string line;
    std::string failure;
    const auto hear = [&](std::string_view piece) {
        for (const char letter : piece) {
            if (letter != '\n') {
                line += letter;
                continue;
            }
            const PullLine said = read_pull_line(line);
            line.clear();
            failure = said.failure.empty() ? failure : said.failure;
            if (!said.progress.empty()) {
                tell(said.progress);
            }
        }
    };
    const auto answer = ask_and_hear(
        socket_,
        {.method = "POST",
         .target = std::string(kApi) + "/images/create?fromImage=" + escaped(with_tag(image))},
        hear);
    if (!answer) {
        return answer.error();
    }
    if (answer->status / 100 != 2) {
        return pull_failed(image, reason_in(*answer));
    }
    return failure.empty() ? Status(Done{}) : Status(pull_failed(image, failure));
}

Status Docker::create(const ContainerOrder& order) const {
    const HttpRequest request{
        .method = "POST",
        .target = std::string(kApi) + "/containers/create?name=" + escaped(order.name),
        .body = docker_create_request(order)};
    auto answer = ask(socket_, request);
    // An earlier try that was killed.
    if (answer && answer->status == kHttpConflict) {
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

Status Docker::start(const std::string& name) const {
    const auto answer = ask(socket_, {.method = "POST", .target = of_container(name, "/start")});
    if (answer && answer->status / 100 != 2 && answer->status != kHttpNotModified) {
        return start_failed(reason_in(*answer));
    }
    return expect_success(answer, "the container does not start");
}

Status Docker::listen(const std::string& name, const std::function<void()>& attached,
                      const std::function<void(Stream, std::string_view)>& hear) const {
    Frames frames(hear);
    const auto answer =
        upgrade(socket_,
                {.method = "POST",
                 .target = of_container(name, "/attach?stream=1&stdout=1&stderr=1&stdin=0")},
                attached, [&](std::string_view piece) { frames.add(piece); });
    if (answer && answer->status == 101) {
        return Done{};
    }
    return expect_success(answer, "cannot hear the container");
}

Status Docker::signal(const std::string& name, int number) const {
    return expect_success(
        ask(socket_, {.method = "POST",
                      .target = of_container(name, "/kill?signal=" + std::to_string(number))}),
        "the container does not take the signal");
}

Result<Engine::State> Docker::end_of(const std::string& name) const {
    const auto waited = ask(
        socket_, {.method = "POST", .target = of_container(name, "/wait?condition=not-running")});
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

// Somebody else may be removing it.
Status Docker::remove(const std::string& name) const {
    const auto answer =
        ask(socket_, {.method = "DELETE", .target = of_container(name, "?force=true&v=true")});
    if (answer && (answer->status == kHttpNotThere || answer->status == kHttpConflict)) {
        return Done{};
    }
    return expect_success(answer, "the container cannot be removed");
}

Result<std::set<std::string>> Docker::with_label(const std::string& label) const {
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
            const std::string text = name.is_string() ? name.get<std::string>() : "";
            names.insert(text.starts_with('/') ? text.substr(1) : text);
        }
    }
    return names;
}

}  // namespace gusu::agent
