#include "tools/gusu/submit_commands.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <mutex>
#include <thread>

#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/follow.h"
#include "tools/gusu/interrupt.h"
#include "tools/gusu/job_commands.h"
#include "tools/gusu/job_view.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

constexpr std::size_t kLongestScript = 1 << 20;

Surroundings surroundings() {
    std::error_code ignored;
    return Surroundings{.now = wall_now(),
                        .folder = std::filesystem::current_path(ignored).string(),
                        .variable = [](const std::string& name) -> std::optional<std::string> {
                            const char* value = std::getenv(name.c_str());
                            return value == nullptr ? std::nullopt
                                                    : std::optional<std::string>(value);
                        }};
}

Status read_script(JobWords& words) {
    std::ifstream file;
    if (words.script_file != "-") {
        file.open(words.script_file, std::ios::binary);
    }
    std::istream& from = words.script_file == "-" ? std::cin : file;
    std::error_code ignored;
    if (!from || std::filesystem::is_directory(words.script_file, ignored)) {
        return Error{
            ErrorCode::InvalidArgument,
            "no script \"" + words.script_file +
                "\" can be read here; to submit a command write `gusu submit [OPTIONS] -- " +
                words.script_file + " ...`"};
    }
    words.script.assign(std::istreambuf_iterator<char>(from), {});
    if (words.script.size() > kLongestScript) {
        return Error{ErrorCode::InvalidArgument, words.script_file + " has " +
                                                     std::to_string(words.script.size()) +
                                                     " bytes; a script may have 1 MiB"};
    }
    // As sbatch has it: no shell could run it, and that would be found out on the node only.
    if (words.script.substr(0, words.script.find('\n')).ends_with('\r')) {
        return Error{ErrorCode::InvalidArgument,
                     words.script_file + " has Windows line ends (CRLF); convert it: sed -i " +
                         "'s/\\r$//' " + words.script_file};
    }
    return Done{};
}

Result<SpecAndWarnings> read_job(JobWords words) {
    const bool has_job =
        !words.job_file.empty() || !words.script_file.empty() || !words.command.empty();
    if (!has_job) {
        return Error{ErrorCode::InvalidArgument,
                     "nothing to run: give `-- COMMAND...`, a SCRIPT, or `-f job.yaml`"};
    }
    if (!words.job_file.empty() && !words.script_file.empty()) {
        return Error{ErrorCode::InvalidArgument,
                     "a job file and a script cannot stand together; put the script's text into "
                     "the job file as `script:`"};
    }
    if (!words.script_file.empty()) {
        const Status read = read_script(words);
        if (!read) {
            return read.error();
        }
    }
    return make_job_spec(std::move(words), surroundings());
}

std::string dry_run_text(const v1::SubmitJobResponse& answer) {
    const v1::Job& job = answer.job();
    std::string text = say("The job is valid. Nothing was submitted.") + "\n";
    text += details({
        {say("Tenant"), job.spec().tenant()},
        {say("GPUs"), number(job.gpus())},
        {say("State"), state_word(job.state())},
        {say("Reason"), job.state() == v1::JOB_STATE_PENDING ? reason(job) : ""},
        {"", job.wait_detail()},
    });
    return answer.has_forecast() ? text + forecast_text(answer.forecast()) + "\n" : text;
}

constexpr const char* kManyOutputs =
    "an array has an output for each of its jobs: submit it, then `gusu logs ID_INDEX`";

// Why it ended, for those ends that its own output does not tell.
void note_end(Session& session, const v1::Job& job) {
    if (job.state() == v1::JOB_STATE_SUCCEEDED) {
        return;
    }
    const std::string why = reason(job);
    session.note(say("Job") + " " + job.id() + ": " + state_word(job.state()) +
                 (why.empty() ? "" : " (" + why + ")") +
                 (job.end_detail().empty() ? "" : ": " + job.end_detail()));
}

int wait_for_end(Session& session, const std::string& job_id) {
    const Result<WatchResult> watched = watch_jobs(session.client(), {.job_ids = {job_id}});
    if (!watched) {
        return session.fail(watched.error());
    }
    int code = kDone;
    for (const auto& [id, job] : watched->jobs) {
        if (has_ended(job.state())) {
            note_end(session, job);
            code = code == kDone ? exit_code_of(job) : code;
        }
    }
    return code;
}

// Tells why it waits, once for each reason, until it runs or has ended.
Status wait_for_start(Session& session, const std::string& job_id) {
    std::string last;
    const WatchOptions options{
        .job_ids = {job_id}, .changed = [&](const v1::Job& job) {
            if (job.state() != v1::JOB_STATE_PENDING) {
                return Client::Go::Stop;
            }
            const std::string why = reason(job);
            if (why != last && !why.empty() &&
                job.wait_reason() != v1::WAIT_REASON_NOT_YET_EXAMINED) {
                session.note(say("Job") + " " + job_id + " " + say("waits") + ": " + why +
                             (job.wait_detail().empty() ? "" : ": " + job.wait_detail()));
            }
            last = why;
            return Client::Go::On;
        }};
    const Result<WatchResult> watched = watch_jobs(session.client(), options);
    return watched ? Status(Done{}) : Status(watched.error());
}

int follow_to_end(Session& session, const v1::Job& job) {
    int tasks = 0;
    for (const v1::TaskGroup& group : job.spec().groups()) {
        tasks += std::max(group.tasks(), 1);
    }
    if (tasks > 1) {
        session.note("output of task 0 of " + std::to_string(tasks) + "; the others: gusu logs " +
                     job.id() + " --task N");
    }
    const Status started = wait_for_start(session, job.id());
    if (!started) {
        return session.fail(started.error());
    }
    // A job that keeps stderr apart has it on stderr here too.
    std::thread errors;
    if (!job.spec().error().empty()) {
        errors = std::thread(
            [&] { logs(session, {.job_id = job.id(), .follow = true, .stream = LogTo::Stderr}); });
    }
    const int copied = logs(session, {.job_id = job.id(), .follow = true});
    if (errors.joinable()) {
        errors.join();
    }
    const int code = wait_for_end(session, job.id());
    return code == kDone ? copied : code;
}

// Cancels the job when both are known: that the user wants it, and which job it is.
class CancelOnce {
public:
    explicit CancelOnce(Session& session) : session_(session) {}

    void ask() {
        const std::lock_guard lock(mutex_);
        asked_ = true;
        send_if_due();
    }
    void job_is(std::string id) {
        const std::lock_guard lock(mutex_);
        job_id_ = std::move(id);
        send_if_due();
    }
    bool was_asked() {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

private:
    void send_if_due() {
        if (!asked_ || job_id_.empty()) {
            return;
        }
        v1::CancelJobsRequest request;
        request.add_job_ids(job_id_);
        const Result<v1::CancelJobsResponse> done = session_.client().call(request);
        if (!done) {
            session_.note(done.error().message);
        }
    }

    Session& session_;
    std::mutex mutex_;
    bool asked_ = false;
    std::string job_id_;
};

Result<v1::SubmitJobResponse> send(Session& session, const Submission& submission,
                                   const v1::JobSpec& spec) {
    v1::SubmitJobRequest request;
    request.set_request_id(submission.request_id);
    *request.mutable_spec() = spec;
    request.set_dry_run(submission.dry_run);
    return session.client().call(request);
}

}  // namespace

int exit_code_of(const v1::Job& job) {
    if (job.state() == v1::JOB_STATE_SUCCEEDED) {
        return kDone;
    }
    if (job.signal() != 0) {
        return kSignalBase + job.signal();
    }
    return job.exit_code() != 0 ? job.exit_code() : kRefused;
}

Status set_outage(Client& client, const std::string& reconnect_for) {
    if (reconnect_for.empty()) {
        return Done{};
    }
    const Result<Duration> outage = parse_duration(reconnect_for);
    if (!outage) {
        return Error{outage.error().code, "--reconnect-for: " + outage.error().message};
    }
    client.set_outage(*outage);
    return Done{};
}

int submit(Session& session, Submission submission) {
    const Result<SpecAndWarnings> job = read_job(std::move(submission.words));
    if (!job) {
        return session.misuse(job.error().message);
    }
    if (submission.afterwards == Afterwards::Follow && job->spec.has_array()) {
        return session.misuse(kManyOutputs);
    }
    const Status outage = set_outage(session.client(), submission.reconnect_for);
    if (!outage) {
        return session.misuse(outage.error().message);
    }
    for (const std::string& warning : job->warnings) {
        session.note(warning);
    }
    const Result<v1::SubmitJobResponse> submitted = send(session, submission, job->spec);
    if (!submitted) {
        return session.fail(submitted.error());
    }
    session.show(*submitted, [&] {
        return submission.dry_run ? dry_run_text(*submitted) : submitted->job().id();
    });
    if (submission.dry_run || submission.afterwards == Afterwards::Nothing) {
        return kDone;
    }
    return submission.afterwards == Afterwards::Wait ? wait_for_end(session, submitted->job().id())
                                                     : follow_to_end(session, submitted->job());
}

int run(Session& session, Submission submission) {
    const Result<SpecAndWarnings> job = read_job(std::move(submission.words));
    if (!job) {
        return session.misuse(job.error().message);
    }
    if (job->spec.has_array()) {
        return session.misuse(kManyOutputs);
    }
    for (const std::string& warning : job->warnings) {
        session.note(warning);
    }
    CancelOnce cancellation(session);
    const Interrupt interrupt([&] {
        session.note(say("cancelling; press Ctrl-C again to leave"));
        cancellation.ask();
    });
    const Status outage = set_outage(session.client(), submission.reconnect_for);
    if (!outage) {
        return session.misuse(outage.error().message);
    }
    const Result<v1::SubmitJobResponse> submitted = send(session, submission, job->spec);
    if (!submitted) {
        return session.fail(submitted.error());
    }
    session.note(say("Job") + " " + submitted->job().id());
    cancellation.job_is(submitted->job().id());
    const int code = follow_to_end(session, submitted->job());
    return cancellation.was_asked() && code != kDone ? kInterrupted : code;
}

int wait(Session& session, const Waiting& waiting) {
    WatchOptions options{.job_ids = waiting.job_ids};
    if (!waiting.timeout.empty()) {
        const Result<Duration> timeout = parse_duration(waiting.timeout);
        if (!timeout) {
            return session.misuse("--timeout: " + timeout.error().message);
        }
        options.until = Retry::Clock::now() + *timeout;
    }
    const Status outage = set_outage(session.client(), waiting.reconnect_for);
    if (!outage) {
        return session.misuse(outage.error().message);
    }
    const Result<WatchResult> watched = watch_jobs(session.client(), options);
    if (!watched) {
        return session.fail(watched.error());
    }
    if (watched->out_of_time) {
        session.note(say("time ran out"));
        return kTimeRanOut;
    }
    v1::ListJobsResponse ended;
    int code = kDone;
    for (const auto& [id, job] : watched->jobs) {
        if (!has_ended(job.state())) {
            continue;
        }
        *ended.add_jobs() = job;
        code = code == kDone ? exit_code_of(job) : code;
        if (session.is_for_people()) {
            note_end(session, job);
        }
    }
    if (session.settings.format != Format::Table) {
        session.show(ended, [&] {
            return job_table(ended, {session.is_wide(), Session::terminal_width(), wall_now()});
        });
    }
    return code;
}

}  // namespace gusu::cli
