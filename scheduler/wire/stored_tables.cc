#include "scheduler/wire/stored_tables.h"

#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {

std::uint32_t StoredWriter::spec(const std::shared_ptr<const core::JobSpec>& spec) {
    if (spec == nullptr) {
        return 0;
    }
    const auto [entry, is_new] =
        specs_.try_emplace(spec.get(), static_cast<std::uint32_t>(batch_.specs_size() + 1));
    if (is_new) {
        storage::JobSpec& record = *batch_.add_specs();
        write_spec(*spec, record);
        record.set_demand(demand(spec->demand));
    }
    return entry->second;
}

std::uint32_t StoredWriter::demand(const std::shared_ptr<const core::Demand>& demand) {
    if (demand == nullptr) {
        return 0;
    }
    const auto [entry, is_new] =
        demands_.try_emplace(demand.get(), static_cast<std::uint32_t>(batch_.demands_size() + 1));
    if (is_new) {
        write_demand(*demand, *batch_.add_demands());
    }
    return entry->second;
}

StoredReader::StoredReader(const storage::Batch& batch) {
    demands_.reserve(static_cast<std::size_t>(batch.demands_size()));
    for (const storage::Demand& record : batch.demands()) {
        demands_.push_back(std::make_shared<const core::Demand>(read_demand(record, *this)));
    }
    specs_.reserve(static_cast<std::size_t>(batch.specs_size()));
    for (const storage::JobSpec& record : batch.specs()) {
        core::JobSpec spec = read_spec(record, *this);
        spec.demand = demand(record.demand());
        specs_.push_back(std::make_shared<const core::JobSpec>(std::move(spec)));
    }
}

void StoredReader::fail(std::string what) {
    if (!error_) {
        error_ = Error{ErrorCode::Internal,
                       std::move(what) + "; it is broken, or of a newer version of gusu-scheduler"};
    }
}

Amount StoredReader::amount(std::int64_t units) {
    if (units < 0 || units > Amount::kMax) {
        fail("has an amount of " + std::to_string(units));
        return Amount();
    }
    return Amount(units);
}

std::shared_ptr<const core::JobSpec> StoredReader::spec(std::uint32_t position) {
    if (position > specs_.size()) {
        fail("names job spec " + std::to_string(position) + " of " + std::to_string(specs_.size()));
        return nullptr;
    }
    return position == 0 ? nullptr : specs_[position - 1];
}

std::shared_ptr<const core::Demand> StoredReader::demand(std::uint32_t position) {
    if (position > demands_.size()) {
        fail("names demand " + std::to_string(position) + " of " + std::to_string(demands_.size()));
        return nullptr;
    }
    return position == 0 ? nullptr : demands_[position - 1];
}

}  // namespace gusu::wire
