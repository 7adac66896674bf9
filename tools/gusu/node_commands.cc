#include <google/protobuf/util/time_util.h>

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
