#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "scheduler/base/text.h"
#include "tools/gusu/catalogue.h"
#include "tools/gusu/cluster_commands.h"
#include "tools/gusu/cluster_view.h"
#include "tools/gusu/job_commands.h"

namespace gusu::cli {
namespace {

View view_of(const Session& session) {
    return View{session.is_wide(), Session::terminal_width(), wall_now()};
}

// Asks for one node, or a change of it, and shows it.
template <typename Request>
int show_answer(Session& session, const Request& request) {
    const auto answer = session.client().call(request);
    if (!answer) {
        return session.fail(answer.error());
    }
    return session.show(*answer, [&] { return node_details(answer->node(), view_of(session)); });
}

constexpr Duration kCheckPatience = std::chrono::minutes(15);
constexpr auto kCheckPause = std::chrono::milliseconds(500);
constexpr int kCheckFailed = 1;
constexpr int kTimedOut = 124;

enum class CheckOutcome { Unknown, Passed, NotPassed };

bool is_asked_for(const v1::CheckNodeRequest& request, int index) {
    return request.devices().empty() ||
           std::ranges::find(request.devices(), index) != request.devices().end();
}

// The agent writes "check NAME runs", and then what came of it.
CheckOutcome outcome_of(const v1::Node& node, const v1::CheckNodeRequest& request,
                        const std::string& check) {
    const std::string mark = "check " + check + " ";
    CheckOutcome outcome = CheckOutcome::Passed;
    for (const v1::Device& device : node.inventory().devices()) {
        const std::string& detail = device.health_detail();
        if (!is_asked_for(request, device.index())) {
            continue;
        }
        if (!detail.starts_with(mark) || detail == mark + "runs") {
            return CheckOutcome::Unknown;
        }
        if (!detail.starts_with(mark + "passed")) {
            outcome = CheckOutcome::NotPassed;
        }
    }
    return outcome;
}

}  // namespace

int nodes(Session& session) {
    const Result<v1::ListNodesResponse> found = all_pages(session.client(), v1::ListNodesRequest());
    if (!found) {
        return session.fail(found.error());
    }
    if (found->nodes_size() == 0 && session.is_for_people()) {
        session.note(say("no nodes"));
    }
    return session.show(*found, [&] { return node_table(*found, view_of(session)); });
}

int show_node(Session& session, const std::string& name) {
    v1::GetNodeRequest request;
    request.set_name(name);
    return show_answer(session, request);
}

int drain_node(Session& session, const DrainWords& words) {
    v1::DrainNodeRequest request;
    request.set_name(words.node);
    request.set_reason(words.reason);
    if (!words.at.empty()) {
        const Result<Time> at = parse_time(words.at, wall_now());
        if (!at) {
            return session.misuse("--at: " + at.error().message);
        }
        *request.mutable_at() =
            google::protobuf::util::TimeUtil::MillisecondsToTimestamp(to_milliseconds(*at));
    }
    return show_answer(session, request);
}

int check_node(Session& session, const CheckWords& words) {
    const Result<Duration> limit =
        words.timeout.empty() ? Result<Duration>(kCheckPatience) : parse_duration(words.timeout);
    if (!limit) {
        return session.misuse("--timeout: " + limit.error().message);
    }
    v1::CheckNodeRequest request;
    request.set_name(words.node);
    request.mutable_devices()->Add(words.gpus.begin(), words.gpus.end());
    const auto ordered = session.client().call(request);
    if (!ordered) {
        return session.fail(ordered.error());
    }
    const auto until = std::chrono::steady_clock::now() + *limit;
    v1::GetNodeRequest look;
    look.set_name(words.node);
    for (;;) {
        const auto seen = session.client().call(look);
        if (!seen) {
            return session.fail(seen.error());
        }
        const CheckOutcome outcome = outcome_of(seen->node(), request, ordered->check());
        if (outcome != CheckOutcome::Unknown) {
            const int shown =
                session.show(*seen, [&] { return node_details(seen->node(), view_of(session)); });
            return outcome == CheckOutcome::Passed ? shown : kCheckFailed;
        }
        if (std::chrono::steady_clock::now() > until) {
            session.note("the check goes on; gusu node show " + words.node + " will tell");
            return kTimedOut;
        }
        std::this_thread::sleep_for(kCheckPause);
    }
}

int resume_node(Session& session, const std::string& name) {
    v1::ResumeNodeRequest request;
    request.set_name(name);
    return show_answer(session, request);
}

int label_node(Session& session, const std::string& name, const std::vector<std::string>& labels) {
    v1::LabelNodeRequest request;
    request.set_name(name);
    for (const std::string& label : labels) {
        const std::size_t equals = label.find('=');
        if (equals == std::string::npos || equals == 0) {
            return session.misuse("label \"" + label +
                                  "\": write KEY=VALUE, or KEY= to take it away");
        }
        (*request.mutable_labels())[label.substr(0, equals)] = label.substr(equals + 1);
    }
    return show_answer(session, request);
}

int status(Session& session) {
    const Result<v1::GetStatusResponse> found = session.client().call(v1::GetStatusRequest());
    if (!found) {
        return session.fail(found.error());
    }
    return session.show(*found, [&] { return status_screen(*found, view_of(session)); });
}

}  // namespace gusu::cli
