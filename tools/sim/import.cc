#include "tools/sim/import.h"

#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <optional>

#include "scheduler/base/text.h"
#include "tools/sim/job_list.h"
#include "tools/sim/table.h"

namespace gusu::sim {
namespace {

Imported imported(const std::vector<ListedJob>& jobs, std::size_t left_out) {
    return Imported{.csv = to_csv(jobs), .jobs = jobs.size(), .left_out = left_out};
}

// Calls `take` with the table at each of its lines.
template <typename Take>
Status each_line(Table& table, Take take) {
    for (;;) {
        const auto more = table.next();
        if (!more) {
            return more.error();
        }
        if (!*more) {
            return Done{};
        }
        if (const Status taken = take(); !taken) {
            return taken;
        }
    }
}

// The whole numbers of the present line in these columns, zero where blank.
template <std::size_t count>
Result<std::array<std::int64_t, count>> numbers(const Table& table,
                                                const std::array<const char*, count>& names) {
    std::array<std::int64_t, count> values{};
    for (std::size_t i = 0; i < count; ++i) {
        const auto column = table.require(names[i]);
        if (!column) {
            return column.error();
        }
        const auto value = table.milli(*column, 0);
        if (!value) {
            return value.error();
        }
        values[i] = *value;
    }
    return values;
}

Status add_openb_pod(const Table& table, std::vector<ListedJob>& jobs) {
    const auto values = numbers<7>(table, {"cpu_milli", "memory_mib", "num_gpu", "gpu_milli",
                                           "creation_time", "deletion_time", "scheduled_time"});
    if (!values) {
        return values.error();
    }
    const auto& [cpus, memory, gpus, milli, created, deleted, scheduled] = *values;
    const bool is_service = table.field(table.find("qos")) == "LS";
    jobs.push_back({.id = std::string(table.field(table.find("name"))),
                    .submit = Duration(created),
                    .duration = Duration(deleted > scheduled ? deleted - scheduled : -1),
                    .gpus = static_cast<int>(gpus / 1000),
                    .milli_each = static_cast<int>(milli / 1000),
                    .milli_cpus = cpus / 1000,
                    .mem_mib = memory / 1000,
                    .models = std::string(table.field(table.find("gpu_spec"))),
                    .tenant = {},
                    .user = {},
                    .kind = is_service ? "inference" : "batch"});
    return Done{};
}

Result<Imported> import_openb_nodes(Table& table) {
    Imported nodes{.csv = "node,gpus,gpu_model,cpus,mem_gib,rack,gpu_mem_mib\n"};
    const Status read = each_line(table, [&]() -> Status {
        const auto values = numbers<3>(table, {"gpu", "cpu_milli", "memory_mib"});
        if (!values) {
            return values.error();
        }
        const auto& [gpus, cpus, memory] = *values;
        nodes.csv += std::string(table.field(table.find("sn"))) + "," + decimal(gpus) + "," +
                     std::string(table.field(table.find("model"))) + "," + decimal(cpus / 1000) +
                     "," + decimal(memory / 1024) + ",,\n";
        ++nodes.jobs;
        return Done{};
    });
    return read ? Result<Imported>(std::move(nodes)) : read.error();
}

// The words of a line, cut at blanks.
std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t begin = line.find_first_not_of(" \t"); begin != std::string_view::npos;) {
        const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
        words.push_back(line.substr(begin, end - begin));
        begin = line.find_first_not_of(" \t", end);
    }
    return words;
}

// No number of an archived log is larger.
constexpr double kMostSwf = 1e9;

// The fields of the format that a job needs, counted from 1 as its definition does.
enum SwfField { Id = 1, Submit = 2, RunTime = 4, Allocated = 5, Requested = 8, User = 12, Group };

Result<std::optional<ListedJob>> read_swf_line(const LineReader& lines) {
    const std::vector<std::string_view> words = words_of(lines.line());
    std::array<double, Group + 1> fields{};
    for (std::size_t i = 1; i < fields.size(); ++i) {
        const std::string_view word = i <= words.size() ? words[i - 1] : "";
        const auto read = std::from_chars(word.data(), word.data() + word.size(), fields[i]);
        const bool is_number = read.ec == std::errc{} && read.ptr == word.data() + word.size() &&
                               std::fabs(fields[i]) <= kMostSwf;
        if (!is_number) {
            return Error{ErrorCode::InvalidArgument,
                         lines.path() + ":" + std::to_string(lines.line_number()) + ":" +
                             std::to_string(i) + ": " + quote(word) + " is not a number"};
        }
    }
    const double processors = fields[Allocated] > 0 ? fields[Allocated] : fields[Requested];
    if (processors < 1 || fields[RunTime] < 0) {
        return std::optional<ListedJob>{};  // it never ran
    }
    const auto text = [](double number) { return decimal(std::int64_t(number * 1000)); };
    return std::optional<ListedJob>(
        ListedJob{.id = text(fields[Id]),
                  .submit = Duration(std::int64_t(fields[Submit] * 1000)),
                  .duration = Duration(std::int64_t(fields[RunTime] * 1000)),
                  .gpus = static_cast<int>(processors),
                  .models = {},
                  .tenant = fields[Group] < 0 ? "" : "group" + text(fields[Group]),
                  .user = fields[User] < 0 ? "" : "user" + text(fields[User]),
                  .kind = "batch"});
}

}  // namespace

Result<Imported> import_openb(const std::vector<std::string>& files) {
    std::vector<ListedJob> jobs;
    for (const std::string& file : files) {
        auto table = Table::open(file);
        if (!table) {
            return table.error();
        }
        if (table->find("sn") >= 0) {
            return files.size() == 1 ? import_openb_nodes(*table)
                                     : Error{ErrorCode::InvalidArgument,
                                             file + ": a list of nodes; import it by itself"};
        }
        const Status read = each_line(*table, [&] { return add_openb_pod(*table, jobs); });
        if (!read) {
            return read.error();
        }
    }
    return imported(jobs, 0);
}

Result<Imported> import_itp(const std::vector<std::string>& files) {
    std::vector<ListedJob> jobs;
    for (const std::string& file : files) {
        auto table = Table::open(file);
        if (!table) {
            return table.error();
        }
        const std::string tenant = std::filesystem::path(file).stem().string();
        const Status read = each_line(*table, [&]() -> Status {
            const auto values = numbers<3>(*table, {"num_gpu", "submit_time", "duration"});
            if (!values) {
                return values.error();
            }
            const auto& [gpus, submit, duration] = *values;
            jobs.push_back({.id = std::to_string(jobs.size()),
                            .submit = Duration(submit),
                            .duration = Duration(duration),
                            .gpus = static_cast<int>(gpus / 1000),
                            .models = {},
                            .tenant = tenant,
                            .user = {},
                            .kind = "train"});
            return Done{};
        });
        if (!read) {
            return read.error();
        }
    }
    return imported(jobs, 0);
}

Result<Imported> import_swf(const std::vector<std::string>& files) {
    std::vector<ListedJob> jobs;
    std::size_t left_out = 0;
    for (const std::string& file : files) {
        auto lines = LineReader::open(file);
        if (!lines) {
            return lines.error();
        }
        for (;;) {
            const auto more = lines->next();
            if (!more) {
                return more.error();
            }
            if (!*more) {
                break;
            }
            if (lines->line().empty() || lines->line().front() == ';') {
                continue;
            }
            auto job = read_swf_line(*lines);
            if (!job) {
                return job.error();
            }
            if (*job) {
                jobs.push_back(std::move(**job));
            } else {
                ++left_out;
            }
        }
    }
    return imported(jobs, left_out);
}

Result<Imported> import_trace(const std::string& format, const std::vector<std::string>& files) {
    const std::pair<const char*, Result<Imported> (*)(const std::vector<std::string>&)> all[] = {
        {"philly", import_philly},
        {"openb", import_openb},
        {"itp", import_itp},
        {"swf", import_swf}};
    for (const auto& [name, import] : all) {
        if (format == name) {
            return import(files);
        }
    }
    return Error{ErrorCode::InvalidArgument,
                 quote(format) + " is no format; known: philly, openb, itp, swf"};
}

}  // namespace gusu::sim
