#include "scheduler/core/model/worth_table.h"

namespace gusu::core {
namespace {

// Answers kept, of 32 bytes each.
constexpr std::size_t kMostKnown = 1'000'000;

}  // namespace

Loss least_loss(const TypicalTasks& typical, const Wish& wish, const Offer& offer,
                std::int64_t worth_of_offer) {
    const Ask& ask = wish.ask;
    Loss least;
    if (offer.milli_cpus < ask.milli_cpus || offer.memory < ask.memory) {
        return least;
    }
    const auto consider = [&](FreeDevice device) {
        const std::int64_t lost = worth_of_offer - typical.worth(left_after(ask, device, offer));
        if (lost < least.worth) {
            least = {.worth = lost, .device = device};
        }
    };
    if (ask.devices == 0) {
        consider({});
        return least;
    }
    for (const AcceleratorId accelerator : wish.accepted) {
        const bool fits = tasks_that_fit(ask, accelerator, offer, 1) > 0;
        FreeDevice before{.accelerator = accelerator, .milli = 0};
        for (const FreeDevice device : offer.devices) {
            const bool has = device.accelerator == accelerator && tasks_on(ask, device) > 0;
            if (fits && has && device != before) {
                consider(device);
                before = device;
            }
        }
    }
    return least;
}

WorthTable::Row& WorthTable::prepare(const TypicalTasks& typical, const NodeIndex& nodes,
                                     const Wish& wish) {
    if (typical_ != &typical || nodes_ != &nodes || version_ != typical.version() ||
        size_ > kMostKnown) {
        typical_ = &typical;
        nodes_ = &nodes;
        version_ = typical.version();
        size_ = 0;
        worth_.clear();
        rows_.clear();
    }
    Row& row = rows_[wish];
    row.wish = wish;
    if (row.known.size() < nodes.alike().size()) {
        size_ += nodes.alike().size() - row.known.size();
        row.known.resize(nodes.alike().size());
        worth_.resize(nodes.alike().size());
    }
    return row;
}

const Loss& WorthTable::loss(Row& row, std::size_t alike) {
    const NodeIndex::Alike& nodes = nodes_->alike()[alike];
    Row::Known& known = row.known[alike];
    if (known.serial != nodes.serial) {
        Worth& worth = worth_[alike];
        if (worth.serial != nodes.serial) {
            worth = {.serial = nodes.serial, .worth = typical_->worth(nodes.offer)};
        }
        known = {.serial = nodes.serial,
                 .loss = least_loss(*typical_, row.wish, nodes.offer, worth.worth)};
    }
    return known.loss;
}

}  // namespace gusu::core
