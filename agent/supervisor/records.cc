#include "agent/supervisor/records.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

using nlohmann::json;

Error file_error(const std::string& what, const std::filesystem::path& path, int cause) {
    return {ErrorCode::Internal,
            "cannot " + what + " " + path.string() + ": " + std::strerror(cause)};
}

bool write_all(int file, const std::string& text) {
    for (std::size_t done = 0; done < text.size();) {
        const ssize_t put = write(file, text.data() + done, text.size() - done);
        if (put < 0 && errno != EINTR) {
            return false;
        }
        done += put > 0 ? static_cast<std::size_t>(put) : 0;
    }
    return true;
}

// Whole or not at all, whoever is killed. Nothing here is synced: after a power loss the machine
// has another boot id, and nobody asks for these records any more.
Status replace_file(const std::filesystem::path& path, const std::string& text) {
    const std::string temporary = path.string() + ".new";
    const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0) {
        return file_error("open", temporary, errno);
    }
    const bool written = write_all(file, text);
    const int cause = errno;
    close(file);
    if (!written) {
        return file_error("write", temporary, cause);
    }
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
        return file_error("rename to", path, errno);
    }
    return Done{};
}

Status write_json(const std::filesystem::path& path, const json& content) {
    // Only a message may hold what is not UTF-8, and shows it as far as it goes.
    return replace_file(path, content.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

// nullopt: there is no such file.
Result<std::optional<json>> read_json(const std::filesystem::path& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT) {
        return std::optional<json>();
    }
    if (file < 0) {
        return file_error("open", path, errno);
    }
    std::string text;
    char buffer[16384];
    ssize_t got = 0;
    while ((got = read(file, buffer, sizeof buffer)) > 0) {
        text.append(buffer, static_cast<std::size_t>(got));
    }
    const int cause = errno;
    close(file);
    if (got < 0) {
        return file_error("read", path, cause);
    }
    json content = json::parse(text, nullptr, false);
    if (!content.is_object()) {
        return Error{ErrorCode::InvalidArgument, path.string() + " is no JSON object"};
    }
    return std::optional<json>(std::move(content));
}

// The library throws where a field has another type; here that becomes an Error. A field that
// is not there keeps its default.
template <typename Record, typename Fill>
Result<Record> parse_record(const std::filesystem::path& path, const json& content, Fill fill) {
    Record record;
    try {
        fill(content, record);
    } catch (const json::exception& wrong) {
        return Error{ErrorCode::InvalidArgument, path.string() + ": " + wrong.what()};
    }
    return record;
}

template <typename Field>
void take(const json& content, const char* name, Field& field) {
    if (const auto found = content.find(name); found != content.end()) {
        found->get_to(field);
    }
}

void take(const json& content, const char* name, Duration& field) {
    if (const auto found = content.find(name); found != content.end()) {
        field = Duration(found->get<std::int64_t>());
    }
}

void fill_order(const json& content, SupervisorOrder& order) {
    take(content, "command", order.command);
    take(content, "environment", order.environment);
    take(content, "workdir", order.workdir);
    take(content, "user", order.user);
    take(content, "output_log", order.output_log);
    take(content, "error_log", order.error_log);
    take(content, "output_copy", order.output_copy);
    take(content, "error_copy", order.error_copy);
    take(content, "log_limit", order.log_limit);
    take(content, "time_limit_ms", order.time_limit);
    take(content, "stop_signal", order.stop_signal);
    take(content, "stop_grace_ms", order.stop_grace);
    take(content, "lease_file", order.lease_file);
    take(content, "cgroup", order.cgroup);
    take(content, "milli_cpus", order.milli_cpus);
    take(content, "memory", order.memory);
    take(content, "checkpoints", order.checkpoints);
    take(content, "checkpoint_socket", order.checkpoint_socket);
    take(content, "device_filter", order.device_filter);
    take(content, "devices", order.devices);
    take(content, "uid", order.uid);
    take(content, "processes", order.processes);
    take(content, "walled", order.walled);
    take(content, "alone_in_job", order.alone_in_job);
    take(content, "hidden", order.hidden);
    take(content, "kept", order.kept);
    take(content, "container_group", order.container_group);
    take(content, "accounts", order.accounts);
}

void fill_exit(const json& content, ExitRecord& exit) {
    take(content, "exit_code", exit.exit_code);
    take(content, "signal", exit.signal);
    take(content, "out_of_memory", exit.out_of_memory);
    take(content, "timed_out", exit.timed_out);
    take(content, "launch_error", exit.launch_error);
    take(content, "ran_for_ms", exit.ran_for);
}

void fill_stop(const json& content, StopRequest& stop) {
    take(content, "signal", stop.signal);
    take(content, "grace_ms", stop.grace);
    take(content, "why", stop.why);
}

void fill_saves(const json& content, SavesRecord& saves) {
    take(content, "count", saves.count);
    take(content, "at_boot_ms", saves.at);
}

template <typename Record, typename Fill>
Result<std::optional<Record>> read_if_there(const std::filesystem::path& path, Fill fill) {
    Result<std::optional<json>> content = read_json(path);
    if (!content) {
        return content.error();
    }
    if (!content->has_value()) {
        return std::optional<Record>();
    }
    Result<Record> record = parse_record<Record>(path, **content, fill);
    if (!record) {
        return record.error();
    }
    return std::optional<Record>(std::move(*record));
}

}  // namespace

Status write_order(const std::filesystem::path& directory, const SupervisorOrder& order) {
    const json content = {{"command", order.command},
                          {"environment", order.environment},
                          {"workdir", order.workdir},
                          {"user", order.user},
                          {"output_log", order.output_log},
                          {"error_log", order.error_log},
                          {"output_copy", order.output_copy},
                          {"error_copy", order.error_copy},
                          {"log_limit", order.log_limit},
                          {"time_limit_ms", order.time_limit.count()},
                          {"stop_signal", order.stop_signal},
                          {"stop_grace_ms", order.stop_grace.count()},
                          {"lease_file", order.lease_file},
                          {"cgroup", order.cgroup},
                          {"milli_cpus", order.milli_cpus},
                          {"memory", order.memory},
                          {"device_filter", order.device_filter},
                          {"devices", order.devices},
                          {"uid", order.uid},
                          {"processes", order.processes},
                          {"walled", order.walled},
                          {"alone_in_job", order.alone_in_job},
                          {"hidden", order.hidden},
                          {"kept", order.kept},
                          {"container_group", order.container_group},
                          {"accounts", order.accounts},
                          {"checkpoints", order.checkpoints},
                          {"checkpoint_socket", order.checkpoint_socket}};
    try {
        (void)content.dump();
    } catch (const json::exception& wrong) {
        return Error{ErrorCode::InvalidArgument,
                     std::string("the order holds what is no UTF-8: ") + wrong.what()};
    }
    return write_json(directory / "order.json", content);
}

Result<SupervisorOrder> read_order(const std::filesystem::path& directory) {
    const std::filesystem::path path = directory / "order.json";
    auto order = read_if_there<SupervisorOrder>(path, fill_order);
    if (!order) {
        return order.error();
    }
    if (!order->has_value()) {
        return Error{ErrorCode::NotFound, "there is no " + path.string()};
    }
    return std::move(**order);
}

Status write_exit(const std::filesystem::path& directory, const ExitRecord& exit) {
    const json content = {
        {"exit_code", exit.exit_code},         {"signal", exit.signal},
        {"out_of_memory", exit.out_of_memory}, {"timed_out", exit.timed_out},
        {"launch_error", exit.launch_error},   {"ran_for_ms", exit.ran_for.count()}};
    return write_json(directory / "exit.json", content);
}

Result<std::optional<ExitRecord>> read_exit(const std::filesystem::path& directory) {
    return read_if_there<ExitRecord>(directory / "exit.json", fill_exit);
}

Status write_stop(const std::filesystem::path& directory, const StopRequest& stop) {
    const json content = {
        {"signal", stop.signal}, {"grace_ms", stop.grace.count()}, {"why", stop.why}};
    return write_json(directory / "stop.json", content);
}

Result<std::optional<StopRequest>> read_stop(const std::filesystem::path& directory) {
    return read_if_there<StopRequest>(directory / "stop.json", fill_stop);
}

Status write_saves(const std::filesystem::path& directory, const SavesRecord& saves) {
    const json content = {{"count", saves.count}, {"at_boot_ms", saves.at.count()}};
    return write_json(directory / "saves.json", content);
}

Result<std::optional<SavesRecord>> read_saves(const std::filesystem::path& directory) {
    return read_if_there<SavesRecord>(directory / "saves.json", fill_saves);
}

Status write_lease(const std::filesystem::path& file, Duration until) {
    char text[24] = {};
    const int length =
        std::snprintf(text, sizeof text, "%020lld\n", static_cast<long long>(until.count()));
    const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0) {
        return file_error("open", file, errno);
    }
    const ssize_t put = pwrite(opened, text, static_cast<std::size_t>(length), 0);
    const int cause = errno;
    close(opened);
    return put == length ? Status(Done{}) : file_error("write", file, cause);
}

std::optional<Duration> read_lease(const std::filesystem::path& file) {
    const int opened = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (opened < 0) {
        return std::nullopt;
    }
    char text[24] = {};
    const ssize_t got = read(opened, text, sizeof text - 1);
    close(opened);
    const std::string digits(text, got == 21 ? 20 : 0);
    const auto until = parse_integer(digits, 0, std::int64_t{1} << 60);
    return until ? std::optional(Duration(*until)) : std::nullopt;
}

Result<int> signal_number(const std::string& name) {
    const std::string bare = name.starts_with("SIG") ? name.substr(3) : name;
    for (int number = 1; number < SIGRTMIN; ++number) {
        const char* const known = sigabbrev_np(number);
        if (known != nullptr && bare == known) {
            return number;
        }
    }
    if (const Result<std::int64_t> number = parse_integer(name, 1, SIGRTMAX); number.ok()) {
        return static_cast<int>(*number);
    }
    return Error{ErrorCode::InvalidArgument,
                 quote(name) + " is no signal: give a name like \"TERM\" or a number from 1 to " +
                     std::to_string(SIGRTMAX)};
}

}  // namespace gusu::agent
