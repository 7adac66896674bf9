#include "tools/sim/job_list.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <utility>

namespace gusu::sim {
namespace {

constexpr const char* kHeader =
    "job_id,submit_s,duration_s,gpus,cpus,mem_gib,gpu_model,tenant,user,kind,priority,"
    "gpu_fraction_milli\n";

std::string known(std::int64_t milli) { return milli < 0 ? "" : decimal(milli); }

// A comma would begin another field.
std::string field(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == ',' || c == '\n' || c == '\r'; }, '_');
    return text;
}

}  // namespace

std::string decimal(std::int64_t milli) {
    const std::int64_t size = milli < 0 ? -milli : milli;
    std::string text = (milli < 0 ? "-" : "") + std::to_string(size / 1000);
    if (const std::int64_t rest = size % 1000; rest != 0) {
        std::string digits = std::to_string(1000 + rest).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        text += "." + digits;
    }
    return text;
}

std::string to_csv(const std::vector<ListedJob>& jobs) {
    std::vector<std::pair<Duration, std::size_t>> order;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        order.emplace_back(jobs[i].submit, i);
    }
    std::ranges::sort(order);
    std::string text = kHeader;
    for (const auto& [submit, position] : order) {
        const ListedJob& job = jobs[position];
        const bool has_gpus = job.gpus > 0;
        text += field(job.id) + "," + decimal(submit.count()) + "," + known(job.duration.count()) +
                "," + std::to_string(job.gpus) + "," + known(job.milli_cpus) + "," +
                (job.mem_mib < 0 ? "" : decimal(job.mem_mib * 1000 / 1024)) + "," +
                field(job.models) + "," + field(job.tenant) + "," + field(job.user) + "," +
                field(job.kind) + ",," + std::to_string(has_gpus ? job.milli_each : 0) + "\n";
    }
    return text;
}

Status write_text(const std::string& text, const std::string& path) {
    if (path == "-") {
        std::cout << text << std::flush;
        return Done{};
    }
    errno = 0;
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
        return Error{ErrorCode::Unavailable, path + ": " + std::strerror(errno)};
    }
    return Done{};
}

}  // namespace gusu::sim
