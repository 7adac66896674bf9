#include "scheduler/core/model/typical_tasks.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "scheduler/base/check.h"

namespace gusu::core {
namespace {

// The rest are too rare to matter.
constexpr std::size_t kMostTypical = 64;
// Amounts above are as good as endless; below, products of them stay exact.
constexpr std::int64_t kEndless = std::int64_t{1} << 42;
constexpr int kMostMilli = 1 << 18;
constexpr int kMostAccelerators = 64;

// Accelerators beyond the 63rd count as one: it only blurs what their room is worth.
std::uint64_t bit_of(AcceleratorId accelerator) {
    return std::uint64_t{1} << std::min(accelerator, kMostAccelerators - 1);
}

// With four significant bits, upwards, so that requests of nearly the same are one kind.
std::int64_t rounded(std::int64_t amount) {
    const auto bits = std::bit_width(static_cast<std::uint64_t>(amount));
    const int low = std::max(0, static_cast<int>(bits) - 4);
    return ((amount + (std::int64_t{1} << low) - 1) >> low) << low;
}

std::int64_t milli_of(const Ask& ask) {
    return std::min<std::int64_t>(kMostMilli, std::int64_t{ask.devices} * ask.milli_each);
}

// What of `milli` GPUs can be used if each `each` of another resource goes with `task_milli`.
std::int64_t bounded(std::int64_t milli, std::int64_t available, std::int64_t each,
                     std::int64_t task_milli) {
    available = std::min(available, kEndless);
    if (each == 0 || available * task_milli >= milli * std::min(each, kEndless)) {
        return milli;
    }
    return available < each ? 0 : available * task_milli / each;
}

int tasks_by_devices(const Ask& ask, std::uint64_t accelerators, const Offer& offer) {
    int fit = 0;
    for (const FreeDevice& device : offer.devices) {
        if (device.milli >= ask.milli_each && (accelerators & bit_of(device.accelerator)) != 0) {
            fit += tasks_on(ask, device);
        }
    }
    return fit / ask.devices;
}

}  // namespace

void TypicalTasks::for_usable_milli(const Offer& offer, const auto& take) const {
    const Typical* before = nullptr;
    int tasks = 0;
    for (const Typical& typical : typical_) {
        const Ask& ask = typical.ask;
        if (before == nullptr || !typical.wants_devices_as(*before)) {
            tasks = tasks_by_devices(ask, typical.accelerators, offer);
            before = &typical;
        }
        if (tasks > 0 && offer.milli_cpus >= ask.milli_cpus && offer.memory >= ask.memory) {
            const std::int64_t each = milli_of(ask);
            const std::int64_t milli =
                bounded(tasks * each, offer.milli_cpus, ask.milli_cpus, each);
            take(typical, bounded(milli, offer.memory, ask.memory, each));
        }
    }
}

std::int64_t TypicalTasks::worth(const Offer& offer) const {
    std::int64_t worth = 0;
    for_usable_milli(offer, [&](const Typical& typical, std::int64_t milli) {
        worth += typical.weight * milli;
    });
    return worth;
}

void TypicalTasks::count(const Demand& demand, std::int64_t jobs) {
    for (const TaskGroup& group : demand.groups) {
        Kind kind{.ask = Ask::of(group), .accelerators = group.accelerators};
        kind.ask.milli_cpus = rounded(std::min(kind.ask.milli_cpus, kEndless));
        kind.ask.memory = rounded(std::min(kind.ask.memory, kEndless));
        const auto known = tasks_.try_emplace(std::move(kind), 0).first;
        known->second += jobs * group.tasks;
        all_tasks_ += jobs * group.tasks;
        check(known->second >= 0, "only tasks that were counted are discounted");
        if (known->second == 0) {
            tasks_.erase(known);
        }
    }
}

void TypicalTasks::weigh_if_stale(const NodeIndex& nodes) {
    const std::int64_t apart =
        std::max(all_tasks_, weighed_tasks_) - std::min(all_tasks_, weighed_tasks_);
    const std::uint64_t changes = nodes.changes() - weighed_changes_;
    if (apart * 16 > weighed_tasks_ || changes * 2 > nodes.nodes() + 64) {
        weigh(nodes);
    }
}

void TypicalTasks::weigh(const NodeIndex& nodes) {
    weighed_tasks_ = all_tasks_;
    weighed_changes_ = nodes.changes();
    ++version_;
    std::vector<Typical> all;
    bool without_gpus = false;
    bool choosy = false;
    for (const auto& [kind, tasks] : tasks_) {
        without_gpus = without_gpus || kind.ask.devices == 0;
        choosy = choosy || (kind.accelerators.size() != 1 && nodes.accelerators() > 1);
        if (kind.ask.devices > 0) {
            all.push_back(typical_of(kind, tasks, nodes));
        }
    }
    find_fragmenting(all, nodes);
    typical_.clear();
    if (fragmenting_ != 0 || without_gpus || choosy) {
        std::ranges::sort(all, [](const Typical& a, const Typical& b) {
            return std::tie(b.tasks, a.ask, a.accelerators) <
                   std::tie(a.tasks, b.ask, b.accelerators);
        });
        all.resize(std::min(all.size(), kMostTypical));
        std::ranges::sort(all, [](const Typical& a, const Typical& b) {
            return std::tie(a.ask.devices, a.ask.milli_each, a.ask.slice, a.accelerators, a.ask) <
                   std::tie(b.ask.devices, b.ask.milli_each, b.ask.slice, b.accelerators, b.ask);
        });
        typical_ = std::move(all);
        set_weights(nodes);
    }
}

TypicalTasks::Typical TypicalTasks::typical_of(const Kind& kind, std::int64_t tasks,
                                               const NodeIndex& nodes) {
    Typical typical{.ask = kind.ask, .tasks = tasks};
    for (const std::string& name : kind.accelerators) {
        const AcceleratorId accelerator = nodes.accelerator(name);
        typical.accelerators |= accelerator < 0 ? 0 : bit_of(accelerator);
    }
    if (kind.accelerators.empty()) {
        typical.accelerators = ~std::uint64_t{0};
    }
    return typical;
}

void TypicalTasks::find_fragmenting(const std::vector<Typical>& all, const NodeIndex& nodes) {
    fragmenting_ = 0;
    for (AcceleratorId accelerator = 0; accelerator < nodes.accelerators(); ++accelerator) {
        const Resources& least = nodes.least_per_device(accelerator);
        const bool some = std::ranges::any_of(all, [&](const Typical& typical) {
            const Ask& ask = typical.ask;
            return (typical.accelerators & bit_of(accelerator)) != 0 &&
                   (ask.is_share() || ask.milli_cpus / ask.devices > least.milli_cpus.units() ||
                    ask.memory / ask.devices > least.memory.units());
        });
        fragmenting_ |= some ? bit_of(accelerator) : 0;
    }
}

// A kind weighs by how often it comes over how much room there is for it: room that many could use
// counts for less where there is plenty. So what is kept in the sum of all is how many tasks of
// each kind could still come, in proportion. A share counts by the task, whole devices by the
// device.
void TypicalTasks::set_weights(const NodeIndex& nodes) {
    std::int64_t all_room = 0;
    std::vector<std::int64_t> room(typical_.size());
    for (const NodeIndex::Alike& alike : nodes.alike()) {
        const auto count = static_cast<std::int64_t>(alike.nodes.size());
        if (count == 0) {
            continue;
        }
        all_room += count * alike.free_milli;
        for_usable_milli(alike.offer, [&](const Typical& typical, std::int64_t milli) {
            room[static_cast<std::size_t>(&typical - typical_.data())] += count * milli;
        });
    }
    constexpr std::int64_t kScale = std::int64_t{1} << 16;
    for (std::size_t i = 0; i < typical_.size(); ++i) {
        Typical& typical = typical_[i];
        const std::int64_t scarce = std::max({room[i], all_room / 500, std::int64_t{kWholeDevice}});
        const std::int64_t frequent =
            typical.tasks * kScale / std::max<std::int64_t>(all_tasks_, 1);
        typical.weight =
            frequent * kScale * kWholeDevice / scarce * kWholeDevice / typical.ask.milli_each;
    }
}

bool TypicalTasks::fragments(AcceleratorId accelerator) const {
    return (fragmenting_ & bit_of(accelerator)) != 0;
}

}  // namespace gusu::core
