#include "tests/world/world.h"

namespace gusu::testing {
namespace {

core::NodeDescription describe(const NodeWish& wish) {
    core::NodeDescription description;
    description.name = wish.name;
    description.address = wish.name + ".example";
    description.milli_cpus = Amount(wish.cpus * 1000);
    description.memory = Amount(wish.memory);
    description.labels = wish.labels;
    description.runtimes = {"process"};
    for (int i = 0; i < wish.gpus; ++i) {
        description.devices.push_back({.index = i,
                                       .uuid = wish.name + "-" + std::to_string(i),
                                       .accelerator = wish.accelerator,
                                       .memory = Amount(std::int64_t{80} << 30),
                                       .reality = core::Reality::Simulated,
                                       .health = core::Health::Healthy,
                                       .numa_node = -1});
        if (wish.linked > 0) {
            description.devices.back().link_group = i / wish.linked;
        }
        description.devices.back().slices = i < wish.cut ? 8 : 0;
    }
    return description;
}

}  // namespace

World::World() {
    core::TokenRecord token{.id = "t0",
                            .hash = "0",
                            .user = "admin",
                            .node = {},
                            .created = {},
                            .expires = {},
                            .used_by = {}};
    (void)execute(core::FoundPlatform{token});
    (void)execute(core::TakeLeadership{});
    std::vector<core::Accelerator> catalogue;
    for (const char* name : {"nvidia-h200", "nvidia-a100", "ascend-910b"}) {
        catalogue.push_back({.name = name, .vendor = "vendor", .memory = Amount(1)});
    }
    catalogue[1].profiles = {{.name = "1g.10gb", .size = 1, .of = 8, .starts = 0x7f},
                             {.name = "2g.20gb", .size = 2, .of = 8, .starts = 0x15},
                             {.name = "3g.40gb", .size = 4, .of = 8, .starts = 0x11}};
    (void)execute(core::SetCatalogue{catalogue});
}

Result<core::Events> World::execute(const core::Command& command) {
    auto events = scheduler_.execute(command, now_);
    if (!events) {
        return events;
    }
    log_.insert(log_.end(), events->begin(), events->end());
    core::Events more = step();
    events->insert(events->end(), more.begin(), more.end());
    return events;
}

core::Events World::step() {
    core::Events all;
    do {
        const core::Events events = scheduler_.step(now_);
        all.insert(all.end(), events.begin(), events.end());
    } while (scheduler_.next_timer() <= now_);
    log_.insert(log_.end(), all.begin(), all.end());
    return all;
}

Result<core::Events> World::join(const NodeWish& wish) {
    core::JoinNode join{.description = describe(wish),
                        .boot_id = wish.boot_id,
                        .session = "session-" + std::to_string(++sessions_),
                        .tasks = {}};
    const core::Node* node = state().node(wish.name);
    if (node != nullptr && node->boot_id == wish.boot_id) {
        for (const core::TaskRef& held : node->tasks) {
            const auto& placed = std::get<core::Placed>(state().job(held.job)->state);
            const core::TaskState& task = placed.tasks[static_cast<std::size_t>(held.task)].state;
            if (!std::holds_alternative<core::TaskOrdered>(task)) {
                join.tasks.push_back({placed.incarnation, held.task, task});
            }
        }
    }
    return execute(join);
}

Result<core::Events> World::observe(JobId job, int task, const core::TaskState& state,
                                    const std::string& drain) {
    const auto* placed = std::get_if<core::Placed>(&this->state().job(job)->state);
    if (placed == nullptr) {
        return core::Events{};
    }
    const core::Node& node =
        *this->state().node(placed->tasks.at(static_cast<std::size_t>(task)).node);
    const auto* contact = std::get_if<core::InContact>(&node.contact);
    return execute(core::ObserveTasks{.node = node.description.name,
                                      .session = contact == nullptr ? "" : contact->session,
                                      .tasks = {{placed->incarnation, task, state, drain}}});
}

}  // namespace gusu::testing
