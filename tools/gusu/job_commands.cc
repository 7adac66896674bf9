#include "tools/gusu/job_commands.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "proto/text/json.h"
#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/follow.h"
#include "tools/gusu/job_view.h"
#include "tools/gusu/submit_commands.h"
#include "tools/gusu/words.h"

namespace gusu::cli {
namespace {

constexpr int kLargestPage = 1000;
constexpr auto kWatchPause = std::chrono::seconds(2);

View view_of(const Session& session) {
    return View{session.is_wide(), Session::terminal_width(), wall_now()};
}

std::vector<std::string> state_names() {
    std::vector<std::string> names;
    for (int i = 1; i < v1::JobState_descriptor()->value_count(); ++i) {
        names.push_back(text::enum_text(*v1::JobState_descriptor()->value(i)));
    }
    return names;
}

Result<v1::JobState> parse_state(const std::string& word) {
    std::string name = word;
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    v1::JobState state = v1::JOB_STATE_UNSPECIFIED;
    if (v1::JobState_Parse("JOB_STATE_" + name, &state) && state != v1::JOB_STATE_UNSPECIFIED) {
        return state;
    }
    std::string allowed;
    for (const std::string& one : state_names()) {
        allowed += (allowed.empty() ? "" : ", ") + one;
    }
    const std::string near = nearest_name(name, state_names());
    return Error{ErrorCode::InvalidArgument,
                 "--state: there is no state \"" + word + "\"" +
                     (near.empty() ? "" : "; did you mean " + near + "?") + " (" + allowed + ")"};
}

// Whole pages up to the limit, if there is one.
Result<v1::ListJobsResponse> list_jobs(Client& client, v1::ListJobsRequest request, int limit) {
    if (limit == 0) {
        request.set_page_size(kLargestPage);
        return all_pages(client, request);
    }
    v1::ListJobsResponse all;
    while (all.jobs_size() < limit) {
        request.set_page_size(std::min(limit - all.jobs_size(), kLargestPage));
        const Result<v1::ListJobsResponse> page = client.call(request);
        if (!page) {
            return page;
        }
        all.clear_next_page_token();
        all.MergeFrom(*page);
        request.set_page_token(page->next_page_token());
        if (page->next_page_token().empty()) {
            break;
        }
    }
    return all;
}

int show_list(Session& session, const v1::ListJobsRequest& request, const JobsQuery& query) {
    const Result<v1::ListJobsResponse> found = list_jobs(session.client(), request, query.limit);
    if (!found) {
        return session.fail(found.error());
    }
    if (found->jobs_size() == 0 && session.is_for_people() && !query.watch) {
        session.note(say("no jobs"));
    }
    return session.show(*found, [&] { return job_table(*found, view_of(session)); });
}

// On a terminal each list replaces the one before; elsewhere they follow each other.
int watch_list(Session& session, const v1::ListJobsRequest& request, const JobsQuery& query) {
    while (true) {
        if (Session::terminal_width() > 0) {
            session.write("\033[H\033[2J");
        }
        const int code = show_list(session, request, query);
        if (code != kDone && code != kUnreachable) {
            return code;
        }
        std::this_thread::sleep_for(kWatchPause);
    }
}

bool write_all(int file, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// The three verbs that change jobs: a line for each job, or the response.
template <typename Request>
int change(Session& session, const std::vector<std::string>& job_ids, const char* done) {
    Request request;
    request.mutable_job_ids()->Add(job_ids.begin(), job_ids.end());
    const auto changed = session.client().call(request);
    if (!changed) {
        return session.fail(changed.error());
    }
    if (session.settings.format == Format::Table) {
        for (const v1::Job& job : changed->jobs()) {
            session.note(job.id() + " " + say(done) + " (" + state_word(job.state()) + ")");
        }
        return kDone;
    }
    v1::ListJobsResponse list;
    *list.mutable_jobs() = changed->jobs();
    return session.show(*changed, [&] { return job_table(list, view_of(session)); });
}

}  // namespace

Time wall_now() {
    return Time(
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()));
}

int jobs(Session& session, const JobsQuery& query) {
    v1::ListJobsRequest request;
    for (const std::string& word : query.states) {
        const Result<v1::JobState> state = parse_state(word);
        if (!state) {
            return session.misuse(state.error().message);
        }
        request.add_states(*state);
    }
    request.set_all(query.all);
    request.set_tenant(query.tenant);
    request.set_user(query.user);
    request.set_brief(session.is_for_people());
    if (!query.watch) {
        return show_list(session, request, query);
    }
    if (!session.is_for_people()) {
        return session.misuse("--watch is for people; in scripts use `gusu wait`");
    }
    return watch_list(session, request, query);
}

int show_job(Session& session, const std::string& job_id) {
    v1::GetJobRequest request;
    request.set_job_id(job_id);
    const Result<v1::GetJobResponse> found = session.client().call(request);
    if (!found) {
        return session.fail(found.error());
    }
    return session.show(*found, [&] { return job_details(found->job(), view_of(session)); });
}

int explain(Session& session, const std::string& job_id) {
    v1::ExplainJobRequest request;
    request.set_job_id(job_id);
    const Result<v1::ExplainJobResponse> answer = session.client().call(request);
    if (!answer) {
        return session.fail(answer.error());
    }
    return session.show(*answer, [&] { return explanation(*answer); });
}

int logs(Session& session, const LogsQuery& query) {
    const Status outage = set_outage(session.client(), query.reconnect_for);
    if (!outage) {
        return session.misuse(outage.error().message);
    }
    v1::ReadLogsRequest request;
    request.set_job_id(query.job_id);
    request.set_task(query.task);
    request.set_attempt(query.attempt);
    request.set_tail_lines(query.tail);
    request.set_follow(query.follow);
    request.set_stream(query.stream == LogTo::Stdout ? v1::LOG_STREAM_OUTPUT
                                                     : v1::LOG_STREAM_ERROR);
    const Status copied = copy_log(session.client(), request, [&](std::string_view bytes) {
        return write_all(query.stream == LogTo::Stderr ? STDERR_FILENO : STDOUT_FILENO, bytes);
    });
    return copied ? kDone : session.fail(copied.error());
}

int cancel(Session& session, const std::vector<std::string>& job_ids) {
    return change<v1::CancelJobsRequest>(session, job_ids, "cancelled");
}

int hold(Session& session, const std::vector<std::string>& job_ids) {
    return change<v1::HoldJobsRequest>(session, job_ids, "held");
}

int release(Session& session, const std::vector<std::string>& job_ids) {
    return change<v1::ReleaseJobsRequest>(session, job_ids, "released");
}

}  // namespace gusu::cli
