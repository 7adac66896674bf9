// What the records of one blob share while it is written or read: its table of specs and demands,
// and the first thing found wrong with it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gusu/storage/v1/event.pb.h"
#include "scheduler/base/amount.h"
#include "scheduler/base/result.h"
#include "scheduler/base/time.h"
#include "scheduler/core/event.h"

namespace gusu::wire {

namespace storage = gusu::storage::v1;

// The enumerator that `stored_as` turns into `stored`. Stored enums have 0 for "unspecified" and
// one value for each of ours, so that `count` is the highest of theirs.
template <typename Ours, typename Stored>
std::optional<Ours> enumerator_of(Stored stored, Stored (*stored_as)(Ours), int count) {
    for (int value = 0; value < count; ++value) {
        if (stored_as(static_cast<Ours>(value)) == stored) {
            return static_cast<Ours>(value);
        }
    }
    return std::nullopt;
}

class StoredWriter {
public:
    explicit StoredWriter(storage::Batch& batch) : batch_(batch) {}

    // Position + 1 in the table of the blob; 0 for none.
    std::uint32_t spec(const std::shared_ptr<const core::JobSpec>& spec);
    std::uint32_t demand(const std::shared_ptr<const core::Demand>& demand);

private:
    storage::Batch& batch_;
    std::unordered_map<const core::JobSpec*, std::uint32_t> specs_;
    std::unordered_map<const core::Demand*, std::uint32_t> demands_;
};

// Reading goes on after a mistake, with harmless values; whoever made the reader asks error() at
// the end and drops everything if there is one.
class StoredReader {
public:
    explicit StoredReader(const storage::Batch& batch);

    const std::optional<Error>& error() const { return error_; }
    void fail(std::string what);

    Amount amount(std::int64_t units);
    std::shared_ptr<const core::JobSpec> spec(std::uint32_t position);
    std::shared_ptr<const core::Demand> demand(std::uint32_t position);

    template <typename Ours, typename Stored>
    Ours choice(Stored stored, Stored (*stored_as)(Ours), int count, std::string_view what) {
        if (const auto ours = enumerator_of(stored, stored_as, count)) {
            return *ours;
        }
        fail("has an unknown " + std::string(what) + " " +
             std::to_string(static_cast<int>(stored)));
        return Ours{};
    }

private:
    std::vector<std::shared_ptr<const core::Demand>> demands_;
    std::vector<std::shared_ptr<const core::JobSpec>> specs_;
    std::optional<Error> error_;
};

}  // namespace gusu::wire
