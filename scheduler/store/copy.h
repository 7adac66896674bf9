// Whole stores: copied from one to another, and examined.
#pragma once

#include "scheduler/core/model/state.h"
#include "scheduler/store/journal.h"
#include "scheduler/store/rows.h"

namespace gusu::store {

// What a copy is to be of its original.
enum class Copy {
    // The same platform, which goes on with it: the original is not used any more.
    Continuation,
    // A state that has been before. What came after it may have reached agents and people, so ids
    // and epochs go on far above all that may have been given out since.
    ReturnToThePast
};

// Records, history and usage of `from`, which does not change meanwhile, into `to`, which is empty;
// and a snapshot. Gives the state they come to.
Result<core::State> copy_store(RowSource& from, Journal& to, Copy copy);

struct Examined {
    std::uint64_t records = 0;
    std::uint64_t events = 0;
    core::State state;
};
// Replays every record, and compares what comes out with what the snapshot and the records after it
// come to.
Result<Examined> examine(RowSource& source);

}  // namespace gusu::store
