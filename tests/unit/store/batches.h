// Batches that can be told apart, and what is found of them.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <vector>

#include "scheduler/store/journal.h"

namespace gusu::store {

// Events that differ in their time alone.
inline Batch batch_of(std::initializer_list<std::int64_t> times) {
    Batch batch;
    for (const std::int64_t time : times) {
        batch.events.push_back({from_milliseconds(time), core::JobReleased{{1}}});
    }
    return batch;
}

// The times of the events after `last`.
inline std::vector<std::int64_t> times(Journal& journal, std::uint64_t& last) {
    std::vector<std::int64_t> times;
    const Status replayed = journal.replay(
        last, [&](const core::Event& event) { times.push_back(to_milliseconds(event.at)); });
    EXPECT_TRUE(replayed.ok()) << replayed.error().message;
    return times;
}
inline std::vector<std::int64_t> times(Journal& journal) {
    std::uint64_t last = 0;
    return times(journal, last);
}

}  // namespace gusu::store
