#include "scheduler/service/rpc/node_service.h"

#include <algorithm>
#include <map>

#include "scheduler/core/policy/access.h"
#include "scheduler/service/rpc/call.h"
#include "scheduler/service/rpc/paging.h"
#include "scheduler/wire/amounts.h"
#include "scheduler/wire/show.h"

namespace gusu::service {
namespace {

Status may_look(const core::State& state, const std::string& user) {
    if (core::may_see_nodes(state, user)) {
        return Done{};
    }
    return Error{ErrorCode::NotAllowed,
                 user +
                     " has no role on this platform yet, and so sees no nodes; ask an "
                     "administrator of your tenant for the role \"researcher\""};
}

// Jobs of others are nobody's business.
v1::Node show_node(const core::State& state, const core::Node& node, const std::string& user,
                   Time now) {
    v1::Node shown = wire::to_proto(state, node, now);
    shown.clear_job_ids();
    JobId last;
    for (const core::TaskRef& task : node.tasks) {
        const core::Job* job = task.job == last ? nullptr : state.job(task.job);
        if (job != nullptr && core::may_see(state, user, *job)) {
            shown.add_job_ids(wire::job_id_text(state, *job));
        }
        last = task.job;
    }
    return shown;
}

Status may_check(const core::State& state, const std::string& user,
                 const v1::CheckNodeRequest& request) {
    if (!core::may_operate_nodes(state, user)) {
        return Error{ErrorCode::NotAllowed,
                     user + " may not check nodes; that takes the role \"operator\""};
    }
    const core::Node* node = state.node(request.name());
    if (node == nullptr) {
        return Error{ErrorCode::NotFound,
                     "no node " + request.name() + "; `gusu nodes` lists all of them"};
    }
    for (const int index : request.devices()) {
        if (std::ranges::find(node->description.devices, index, &core::DeviceDescription::index) ==
            node->description.devices.end()) {
            return Error{ErrorCode::NotFound, "node " + request.name() + " has no device " +
                                                  std::to_string(index) + "; `gusu node show " +
                                                  request.name() + "` lists them"};
        }
    }
    return Done{};
}

// The same request has the same name.
std::string check_name(const std::string& request_id) {
    constexpr std::size_t kDigits = 8;
    return request_id.substr(0, kDigits);
}

template <typename CallOf>
void change_node(const CallOf& call, core::Command command) {
    change(call, std::move(command),
           [call](core::Scheduler& scheduler, const core::Events&, Time now) -> Status {
               const core::State& state = scheduler.state();
               *call->response.mutable_node() =
                   show_node(state, *state.node(call->request.name()), call->user(), now);
               return Done{};
           });
}

}  // namespace

NodeService::Reactor* NodeService::ListNodes(Context* context, const v1::ListNodesRequest* request,
                                             v1::ListNodesResponse* response) {
    return answer({platform_, context, "ListNodes"}, request, response, [](const auto& call) {
        const auto page = to_page(call->request.page_size(), call->request.page_token());
        if (!page) {
            call->finish(page.error());
            return;
        }
        look(call, [call, page = *page](core::Scheduler& scheduler, Time now) -> Status {
            const core::State& state = scheduler.state();
            if (const Status allowed = may_look(state, call->user()); !allowed) {
                return allowed;
            }
            std::map<std::string, const core::Node*> by_name;
            for (const auto& [id, node] : state.nodes()) {
                by_name.emplace(node.description.name, &node);
            }
            call->response.set_next_page_token(add_page(by_name, page, [&](const core::Node* node) {
                *call->response.add_nodes() = show_node(state, *node, call->user(), now);
            }));
            return Done{};
        });
    });
}

NodeService::Reactor* NodeService::GetNode(Context* context, const v1::GetNodeRequest* request,
                                           v1::GetNodeResponse* response) {
    return answer({platform_, context, "GetNode"}, request, response, [](const auto& call) {
        look(call, [call](core::Scheduler& scheduler, Time now) -> Status {
            const core::State& state = scheduler.state();
            if (const Status allowed = may_look(state, call->user()); !allowed) {
                return allowed;
            }
            const core::Node* node = state.node(call->request.name());
            if (node == nullptr) {
                return Error{ErrorCode::NotFound, "no node " + call->request.name() +
                                                      "; `gusu nodes` lists all of them"};
            }
            *call->response.mutable_node() = show_node(state, *node, call->user(), now);
            return Done{};
        });
    });
}

NodeService::Reactor* NodeService::DrainNode(Context* context, const v1::DrainNodeRequest* request,
                                             v1::DrainNodeResponse* response) {
    return answer({platform_, context, "DrainNode"}, request, response, [](const auto& call) {
        const auto problem =
            wire::check_text({nullptr, "reason", -1}, call->request.reason(), {.most_bytes = 1024});
        if (problem) {
            call->finish(*problem);
            return;
        }
        core::DrainNode drain{{call->user()}, call->request.name(), call->request.reason()};
        if (call->request.has_at()) {
            const auto at = wire::to_time({nullptr, "at", -1}, call->request.at());
            if (!at) {
                call->finish(at.error());
                return;
            }
            drain.at = *at;
        }
        change_node(call, std::move(drain));
    });
}

NodeService::Reactor* NodeService::ResumeNode(Context* context,
                                              const v1::ResumeNodeRequest* request,
                                              v1::ResumeNodeResponse* response) {
    return answer({platform_, context, "ResumeNode"}, request, response, [](const auto& call) {
        change_node(call, core::ResumeNode{{call->user()}, call->request.name()});
    });
}

NodeService::Reactor* NodeService::LabelNode(Context* context, const v1::LabelNodeRequest* request,
                                             v1::LabelNodeResponse* response) {
    return answer({platform_, context, "LabelNode"}, request, response, [](const auto& call) {
        const auto& labels = call->request.labels();
        if (const auto problem = wire::check_labels({nullptr, "labels", -1}, labels)) {
            call->finish(*problem);
            return;
        }
        change_node(
            call,
            core::LabelNode{{call->user()}, call->request.name(), {labels.begin(), labels.end()}});
    });
}

NodeService::Reactor* NodeService::CheckNode(Context* context, const v1::CheckNodeRequest* request,
                                             v1::CheckNodeResponse* response) {
    return answer({platform_, context, "CheckNode"}, request, response, [](const auto& call) {
        look(call, [call](core::Scheduler& scheduler, Time) -> Status {
            const Status allowed = may_check(scheduler.state(), call->user(), call->request);
            if (!allowed) {
                return allowed;
            }
            v1::CheckDevices order;
            order.set_check(check_name(call->request.request_id()));
            *order.mutable_devices() = call->request.devices();
            call->response.set_check(order.check());
            return call->platform.check_devices(call->request.name(), std::move(order));
        });
    });
}

}  // namespace gusu::service
