// What is lost where: kept for each ask and each offer until the nodes, or what room is worth,
// change. A table of answers that TypicalTasks would give again; it decides nothing.
#pragma once

#include <limits>
#include <map>
#include <vector>

#include "scheduler/core/model/typical_tasks.h"

namespace gusu::core {

// The least that a task costs on nodes with one offer.
struct Loss {
    static constexpr std::int64_t kNoRoom = std::numeric_limits<std::int64_t>::max();

    std::int64_t worth = kNoRoom;
    FreeDevice device;  // which device a share takes, or any whole one

    bool has_room() const { return worth != kNoRoom; }
};

// One task, and for tasks with GPUs the accelerators that would do, the preferred first among
// equals.
struct Wish {
    Ask ask;
    std::vector<AcceleratorId> accepted;

    friend auto operator<=>(const Wish&, const Wish&) = default;
};

Loss least_loss(const TypicalTasks& typical, const Wish& wish, const Offer& offer,
                std::int64_t worth_of_offer);

class WorthTable {
public:
    // For questions to loss(), valid until the next call of prepare().
    struct Row;
    Row& prepare(const TypicalTasks& typical, const NodeIndex& nodes, const Wish& wish);
    // `alike` is a position in NodeIndex::alike() with nodes in it.
    const Loss& loss(Row& row, std::size_t alike);

    struct Row {
        struct Known {
            std::uint64_t serial = 0;
            Loss loss;
        };
        Wish wish;
        std::vector<Known> known;  // by position in NodeIndex::alike()
    };

private:
    struct Worth {
        std::uint64_t serial = 0;
        std::int64_t worth = 0;
    };

    const TypicalTasks* typical_ = nullptr;
    const NodeIndex* nodes_ = nullptr;
    std::uint64_t version_ = 0;
    std::size_t size_ = 0;
    std::vector<Worth> worth_;  // by position in NodeIndex::alike()
    std::map<Wish, Row> rows_;
};

}  // namespace gusu::core
