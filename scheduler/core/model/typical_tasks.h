// What tasks ask for here: those of all jobs that wait, are placed, or are still remembered. It
// tells what room is worth: which tasks could use it, how often they come, and how scarce room for
// them is.
//
// Counted as jobs come and are forgotten. What room is worth is weighed again only when the counts
// have changed by a sixteenth or half of the nodes have changed, both by events alone: a state made
// from the same events weighs the same.
#pragma once

#include <compare>
#include <map>
#include <string>
#include <vector>

#include "scheduler/core/model/job.h"
#include "scheduler/core/model/node_index.h"

namespace gusu::core {

class TypicalTasks {
public:
    // So many jobs more, or fewer.
    void count(const Demand& demand, std::int64_t jobs);
    // To be called after every change of counts or nodes.
    void weigh_if_stale(const NodeIndex& nodes);

    // Changes whenever worth() does.
    std::uint64_t version() const { return version_; }
    // The weighed room of typical tasks in this offer. Comparable only within one version.
    std::int64_t worth(const Offer& offer) const;
    // Whether it matters which of several nodes with enough free devices is taken: shares are asked
    // for, or CPUs and memory may run out before devices do.
    bool fragments(AcceleratorId accelerator) const;
    // Whether somebody could use GPUs that tasks without GPUs leave without CPUs, and tasks that
    // take any accelerator leave to those that do not.
    bool varied() const { return !typical_.empty(); }

private:
    struct Kind {
        Ask ask;
        std::vector<std::string> accelerators;

        friend auto operator<=>(const Kind&, const Kind&) = default;
    };
    struct Typical {
        Ask ask;
        std::uint64_t accelerators = 0;  // a bit for each
        std::int64_t tasks = 0;
        std::int64_t weight = 0;

        bool wants_devices_as(const Typical& other) const {
            return ask.devices == other.ask.devices && ask.milli_each == other.ask.milli_each &&
                   ask.slice == other.ask.slice && accelerators == other.accelerators;
        }
    };

    static Typical typical_of(const Kind& kind, std::int64_t tasks, const NodeIndex& nodes);
    // Tells `take` of each typical task how many milli-GPUs of the offer such tasks could use.
    void for_usable_milli(const Offer& offer, const auto& take) const;
    void weigh(const NodeIndex& nodes);
    void find_fragmenting(const std::vector<Typical>& all, const NodeIndex& nodes);
    void set_weights(const NodeIndex& nodes);

    std::map<Kind, std::int64_t> tasks_;
    std::int64_t all_tasks_ = 0;
    std::int64_t weighed_tasks_ = 0;
    std::uint64_t weighed_changes_ = 0;
    std::uint64_t version_ = 0;
    std::vector<Typical> typical_;   // the most frequent first; empty if room is worth the same
                                     // anywhere
    std::uint64_t fragmenting_ = 0;  // a bit for each accelerator
};

}  // namespace gusu::core
