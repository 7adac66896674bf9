#include "tools/sim/curves.h"

#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <vector>

#include "tools/sim/job_list.h"

extern char** environ;  // NOLINT: declared by POSIX, in no header

namespace gusu::sim {
namespace {

// A curve is drawn with so many points; more are not seen and make files large.
constexpr std::int64_t kPoints = 1000;
// The axis of waiting times is logarithmic and begins here.
constexpr Duration kLeastShown{1000};
constexpr double kMsPerHour = 3'600'000;
constexpr double kMsPerDay = 24 * kMsPerHour;

// Means over equal parts of the run: day, waiting jobs, percent of GPUs busy.
std::string over_time(const Drawing& drawing) {
    const std::vector<CurvePoint>& curve = drawing.run.curve;
    const double capacity = std::max(static_cast<double>(drawing.site.cluster.gpus()) * 1000, 1.0);
    std::ostringstream text;
    const Time end = curve.empty() ? Time{} : curve.back().at;
    const Duration part = std::max(Duration(1), (end - Time{}) / kPoints + Duration(1));
    std::size_t at = 0;
    for (Time begin{}; begin < end; begin += part) {
        const Time until = std::min(begin + part, end);
        double waiting = 0;
        double busy = 0;
        Time from = begin;
        while (from < until && at < curve.size()) {
            const bool is_last = at + 1 == curve.size() || curve[at + 1].at >= until;
            const Time to = is_last ? until : std::max(curve[at + 1].at, from);
            const auto weight = static_cast<double>((to - from).count());
            waiting += weight * static_cast<double>(curve[at].waiting);
            busy += weight * static_cast<double>(curve[at].busy_milli_gpus);
            from = to;
            at += is_last ? 0 : 1;
        }
        const auto length = static_cast<double>((until - begin).count());
        text << static_cast<double>(to_milliseconds(begin)) / kMsPerDay << ' ' << waiting / length
             << ' ' << 100 * busy / length / capacity << '\n';
    }
    return text.str();
}

// For each size the hours within which so many percent of its jobs began.
std::string waits(const Drawing& drawing) {
    std::array<std::vector<double>, kSizeClassNames.size()> hours;
    for (std::size_t job = 0; job < drawing.trace.jobs.size(); ++job) {
        const TraceJob& asked = drawing.trace.jobs[job];
        if (const auto& ended = drawing.run.outcomes[job].ended) {
            const Duration waited = *ended - Time(asked.submit) - asked.duration;
            const int gpus = drawing.trace.shapes[asked.shape].gpus;
            hours[static_cast<std::size_t>(size_class(gpus))].push_back(
                static_cast<double>(std::max(waited, kLeastShown).count()) / kMsPerHour);
        }
    }
    std::ostringstream text;
    for (std::size_t size = 0; size < hours.size(); ++size) {
        std::vector<double>& sorted = hours[size];
        std::ranges::sort(sorted);
        text << '"' << kSizeClassNames[size] << " GPUs (" << sorted.size() << " jobs)\"\n";
        for (std::int64_t i = 0; i <= kPoints && !sorted.empty(); ++i) {
            const std::size_t rank =
                static_cast<std::size_t>(i) * (sorted.size() - 1) / std::size_t{kPoints};
            text << sorted[rank] << ' '
                 << 100 * static_cast<double>(i) / static_cast<double>(kPoints) << '\n';
        }
        text << "\n\n";
    }
    return text.str();
}

std::string script(const Drawing& drawing) {
    std::string plots;
    for (std::size_t size = 0; size < kSizeClassNames.size(); ++size) {
        const bool any = std::ranges::any_of(drawing.trace.jobs, [&](const TraceJob& job) {
            return static_cast<std::size_t>(size_class(drawing.trace.shapes[job.shape].gpus)) ==
                   size;
        });
        if (any) {
            plots += (plots.empty() ? "" : ", ") + std::string("'waits.txt' index ") +
                     std::to_string(size) +
                     " using 1:2 with lines linewidth 2 title columnheader(1)";
        }
    }
    return "set terminal svg size 900,420 dynamic font 'sans,13' background 'white'\n"
           "set grid\nset xlabel 'days since the first submission'\nset xrange [0:*]\n"
           "set output 'queue.svg'\nset title '" +
           drawing.title +
           ": waiting jobs'\nset ylabel 'jobs'\nset yrange [0:*]\n"
           "plot 'time.txt' using 1:2 with lines linewidth 1.5 notitle\n"
           "set output 'utilisation.svg'\nset title '" +
           drawing.title +
           ": GPUs in use'\nset ylabel '% of GPUs'\nset yrange [0:100]\n"
           "plot 'time.txt' using 1:3 with lines linewidth 1.5 notitle\n"
           "set output 'waiting.svg'\nset title '" +
           drawing.title +
           ": waiting time by size'\nset xlabel 'hours waited (a second at least)'\n"
           "set ylabel '% of jobs that waited no longer'\nset logscale x\nset xrange [*:*]\nset "
           "key bottom right\n"
           "plot " +
           plots + "\n";
}

Status run_gnuplot(const std::filesystem::path& folder) {
    std::string program = "gnuplot";
    std::string file = "curves.gnuplot";
    std::array<char*, 3> words{program.data(), file.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    pid_t child = 0;
    const int failed =
        posix_spawnp(&child, program.c_str(), &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
        return Error{ErrorCode::Unavailable, "gnuplot: " + std::string(std::strerror(failed)) +
                                                 "; install it: apt-get install gnuplot-nox"};
    }
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
    }
    return ended == 0 ? Status(Done{})
                      : Error{ErrorCode::Internal, "gnuplot failed on " + (folder / file).string()};
}

}  // namespace

Status draw_curves(const Drawing& drawing, const std::string& folder) {
    const std::filesystem::path place(folder);
    std::error_code failed;
    std::filesystem::create_directories(place, failed);
    if (failed) {
        return Error{ErrorCode::Unavailable, folder + ": " + failed.message()};
    }
    const std::pair<const char*, std::string> files[] = {{"time.txt", over_time(drawing)},
                                                         {"waits.txt", waits(drawing)},
                                                         {"curves.gnuplot", script(drawing)}};
    for (const auto& [name, text] : files) {
        if (const Status written = write_text(text, (place / name).string()); !written) {
            return written;
        }
    }
    return run_gnuplot(place);
}

}  // namespace gusu::sim
