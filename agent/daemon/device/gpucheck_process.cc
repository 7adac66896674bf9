#include "agent/daemon/device/gpucheck_process.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "scheduler/base/text.h"

namespace gusu::agent {
namespace {

using Json = nlohmann::json;

// Exit codes of gusu-gpucheck; agent/gpucheck/report.h has them all.
constexpr int kPassed = 0;
constexpr int kFaulty = 1;
constexpr int kLost = 4;
constexpr int kNotStarted = 127;
constexpr std::size_t kLongestDetail = 400;

std::string text_of(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string()
               ? found->get<std::string>()
               : "";
}

Json list_of(const Json& object, const char* key) {
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_array() ? *found
                                                                            : Json::array();
}

std::string figure_of(const Json& check) {
    if (!check.contains("value") || !check["value"].is_number()) {
        return "";
    }
    char text[64];
    std::snprintf(text, sizeof text, "%.0f", check["value"].get<double>());
    return text_of(check, "name") + " " + text + " " + text_of(check, "unit");
}

void add(std::string& text, const std::string& more) {
    if (!more.empty()) {
        text += (text.empty() ? "" : ", ") + more;
    }
}

// What failed if something did, else the figures.
std::string detail_of(const Json& report) {
    std::string failed;
    std::string figures;
    add(failed, text_of(report, "error"));
    for (const Json& card : list_of(report, "cards")) {
        add(failed, text_of(card, "error"));
        for (const Json& check : list_of(card, "checks")) {
            if (text_of(check, "verdict") == "failed") {
                add(failed, figure_of(check));
                add(failed, text_of(check, "name") + ": " + text_of(check, "detail"));
            }
            add(figures, figure_of(check));
        }
    }
    std::string detail = failed.empty() ? figures : failed;
    detail.resize(std::min(detail.size(), kLongestDetail));
    detail.resize(valid_utf8_prefix(detail));
    return detail;
}

struct Run {
    Descriptor process;
    Descriptor output;
    pid_t pid = 0;
};

std::string read_output(const Descriptor& output) {
    std::string text;
    char part[4096];
    ssize_t got = 0;
    ::lseek(output.get(), 0, SEEK_SET);
    while ((got = ::read(output.get(), part, sizeof part)) > 0) {
        text.append(part, static_cast<std::size_t>(got));
    }
    return text;
}

// In the child, between fork and exec: nothing but system calls.
[[noreturn]] void become(const char* program, char* const* words, int output) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(output, STDOUT_FILENO);
    ::execv(program, words);
    _exit(kNotStarted);
}

Result<Run> start(const std::filesystem::path& program, const std::vector<std::string>& words) {
    std::vector<std::string> own{program.string()};
    own.insert(own.end(), words.begin(), words.end());
    std::vector<char*> pointers;
    for (std::string& word : own) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    Run run;
    run.output = Descriptor(::memfd_create("gpucheck", MFD_CLOEXEC));
    run.pid = ::fork();
    if (run.pid == 0) {
        become(own.front().c_str(), pointers.data(), run.output.get());
    }
    if (run.pid < 0) {
        return system_error("cannot start", program);
    }
    run.process = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, run.pid, 0)));
    if (!run.process.open()) {
        ::kill(run.pid, SIGKILL);
        ::waitpid(run.pid, nullptr, 0);
        return system_error("cannot wait for", program);
    }
    return run;
}

}  // namespace

CheckFindings read_findings(int exit_code, const std::string& json) {
    const Json report = Json::parse(json, nullptr, /*allow_exceptions=*/false);
    CheckFindings findings{.detail = detail_of(report)};
    switch (exit_code) {
        case kPassed:
            findings.verdict = report.is_object() ? CheckVerdict::Passed : CheckVerdict::NotJudged;
            break;
        case kFaulty:
        case kLost:
            findings.verdict = CheckVerdict::Faulty;
            break;
        default:
            break;
    }
    if (findings.detail.empty() && findings.verdict != CheckVerdict::Passed) {
        findings.detail = exit_code == kLost ? "the card or its driver hung"
                                             : "gusu-gpucheck ended with " +
                                                   std::to_string(exit_code) + " and said nothing";
    }
    return findings;
}

void run_gpucheck(EventLoop& loop, const std::filesystem::path& program,
                  const std::vector<std::string>& words, std::function<void(CheckFindings)> done) {
    auto started = start(program, words);
    if (!started) {
        loop.post([done = std::move(done), why = started.error().message] {
            done({.verdict = CheckVerdict::NotJudged, .detail = why});
        });
        return;
    }
    const auto run = std::make_shared<Run>(std::move(*started));
    loop.watch(run->process.get(), [&loop, run, done = std::move(done)] {
        int status = 0;
        if (::waitpid(run->pid, &status, WNOHANG) != run->pid) {
            return;
        }
        // unwatch() ends this function's own captures.
        const auto end = done;
        const auto kept = run;  // NOLINT(performance-unnecessary-copy-initialization)
        loop.unwatch(kept->process.get());
        end(read_findings(WIFEXITED(status) ? WEXITSTATUS(status) : kLost,
                          read_output(kept->output)));
    });
}

}  // namespace gusu::agent
