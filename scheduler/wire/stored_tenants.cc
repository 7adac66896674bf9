#include "scheduler/wire/stored_events.h"
#include "scheduler/wire/stored_parts.h"

namespace gusu::wire {
namespace {

storage::Origin stored_origin(core::Origin origin) {
    switch (origin) {
        case core::Origin::Abroad:
            return storage::ORIGIN_ABROAD;
        case core::Origin::Domestic:
            return storage::ORIGIN_DOMESTIC;
    }
    return storage::ORIGIN_UNSPECIFIED;
}

storage::TenantStatus stored_status(core::TenantStatus status) {
    switch (status) {
        case core::TenantStatus::Active:
            return storage::TENANT_STATUS_ACTIVE;
        case core::TenantStatus::Suspended:
            return storage::TENANT_STATUS_SUSPENDED;
    }
    return storage::TENANT_STATUS_UNSPECIFIED;
}

storage::DataClass stored_class(core::DataClass data_class) {
    switch (data_class) {
        case core::DataClass::Public:
            return storage::DATA_CLASS_PUBLIC;
        case core::DataClass::Internal:
            return storage::DATA_CLASS_INTERNAL;
        case core::DataClass::Sensitive:
            return storage::DATA_CLASS_SENSITIVE;
    }
    return storage::DATA_CLASS_UNSPECIFIED;
}

// Records from before there were classes have none.
core::DataClass read_class(storage::DataClass data_class, StoredReader& reader) {
    return data_class == storage::DATA_CLASS_UNSPECIFIED
               ? core::DataClass::Public
               : reader.choice(data_class, stored_class, storage::DataClass_MAX, "data class");
}

void write_description(const core::TenantDescription& description,
                       storage::TenantDescription& record) {
    record.set_display_name(description.display_name);
    record.set_status(stored_status(description.status));
    record.set_max_pending_jobs(description.max_pending_jobs);
    record.set_max_running_jobs(description.max_running_jobs);
    write_labels(description.labels, *record.mutable_labels());
    record.set_data_class(stored_class(description.data_class));
}

core::TenantDescription read_description(const storage::TenantDescription& record,
                                         StoredReader& reader) {
    return {.display_name = record.display_name(),
            .status = reader.choice(record.status(), stored_status, storage::TenantStatus_MAX,
                                    "tenant status"),
            .max_pending_jobs = record.max_pending_jobs(),
            .max_running_jobs = record.max_running_jobs(),
            .labels = read_labels(record.labels()),
            .data_class = read_class(record.data_class(), reader)};
}

void write_rule(const core::BlackHoleRule& rule, storage::BlackHoleRule& record) {
    record.set_jobs(rule.jobs);
    record.set_users(rule.users);
    record.set_within_ms(rule.within.count());
    record.set_most_milli(rule.most_milli);
}

core::BlackHoleRule read_rule(const storage::BlackHoleRule& record) {
    return {.jobs = record.jobs(),
            .users = record.users(),
            .within = Duration(record.within_ms()),
            .most_milli = record.most_milli()};
}

}  // namespace

void write_labels(const core::Labels& labels, StoredLabels& records) {
    for (const auto& [key, value] : labels) {
        storage::Label& record = *records.Add();
        record.set_key(key);
        record.set_value(value);
    }
}

core::Labels read_labels(const StoredLabels& records) {
    core::Labels labels;
    for (const storage::Label& record : records) {
        labels.emplace_hint(labels.end(), record.key(), record.value());
    }
    return labels;
}

void write_profile(const core::SliceProfile& profile, storage::SliceProfile& record) {
    record.set_name(profile.name);
    record.set_size(profile.size);
    record.set_of(profile.of);
    record.set_starts(profile.starts);
}

core::SliceProfile read_profile(const storage::SliceProfile& record) {
    return {.name = record.name(),
            .size = record.size(),
            .of = record.of(),
            .starts = static_cast<core::Slices>(record.starts())};
}

void write(const core::CatalogueChanged& event, storage::Event& record, StoredWriter&) {
    storage::CatalogueChanged& catalogue = *record.mutable_catalogue_changed();
    for (const core::Accelerator& accelerator : event.accelerators) {
        storage::Accelerator& entry = *catalogue.add_accelerators();
        entry.set_name(accelerator.name);
        entry.set_vendor(accelerator.vendor);
        entry.set_memory(accelerator.memory.units());
        entry.set_fp16_gflops(accelerator.fp16_gflops);
        entry.set_origin(stored_origin(accelerator.origin));
        entry.set_milli_equivalents(accelerator.milli_equivalents);
        for (const core::SliceProfile& profile : accelerator.profiles) {
            write_profile(profile, *entry.add_profiles());
        }
    }
}

core::CatalogueChanged read(const storage::CatalogueChanged& record, StoredReader& reader) {
    core::CatalogueChanged event;
    for (const storage::Accelerator& entry : record.accelerators()) {
        event.accelerators.push_back(
            {.name = entry.name(),
             .vendor = entry.vendor(),
             .memory = reader.amount(entry.memory()),
             .fp16_gflops = entry.fp16_gflops(),
             .origin = reader.choice(entry.origin(), stored_origin, storage::Origin_MAX, "origin"),
             .milli_equivalents = entry.milli_equivalents()});
        for (const storage::SliceProfile& profile : entry.profiles()) {
            event.accelerators.back().profiles.push_back(read_profile(profile));
        }
    }
    return event;
}

void write(const core::PolicyChanged& event, storage::Event& record, StoredWriter&) {
    storage::PolicyChanged& written = *record.mutable_policy_changed();
    written.set_runs_at_least_ms(event.policy.runs_at_least.count());
    written.set_short_job_ms(event.policy.short_job.count());
    written.set_ages_after_ms(event.policy.ages_after.count());
    written.set_lendable_milli(event.policy.lendable_milli);
    written.mutable_lane_bounds()->Add(event.policy.lane_bounds_gpu_hours.begin(),
                                       event.policy.lane_bounds_gpu_hours.end());
    write_rule(event.policy.black_hole, *written.mutable_black_hole());
    written.set_waits_for_many_ms(event.policy.waits_for_many.count());
}

core::PolicyChanged read(const storage::PolicyChanged& record, StoredReader&) {
    return {{.runs_at_least = Duration(record.runs_at_least_ms()),
             .short_job = Duration(record.short_job_ms()),
             .ages_after = Duration(record.ages_after_ms()),
             .lendable_milli = record.lendable_milli(),
             .lane_bounds_gpu_hours = {record.lane_bounds().begin(), record.lane_bounds().end()},
             .black_hole =
                 record.has_black_hole() ? read_rule(record.black_hole()) : core::BlackHoleRule{},
             .waits_for_many = Duration(record.waits_for_many_ms())}};
}

void write(const core::TenantCreated& event, storage::Event& record, StoredWriter&) {
    storage::TenantCreated& created = *record.mutable_tenant_created();
    created.set_tenant(event.tenant.value);
    created.set_parent(event.parent.value);
    created.set_path(event.path);
    write_description(event.description, *created.mutable_description());
}

core::TenantCreated read(const storage::TenantCreated& record, StoredReader& reader) {
    return {.tenant = {record.tenant()},
            .parent = {record.parent()},
            .path = record.path(),
            .description = read_description(record.description(), reader)};
}

void write(const core::TenantUpdated& event, storage::Event& record, StoredWriter&) {
    storage::TenantUpdated& updated = *record.mutable_tenant_updated();
    updated.set_tenant(event.tenant.value);
    write_description(event.description, *updated.mutable_description());
}

core::TenantUpdated read(const storage::TenantUpdated& record, StoredReader& reader) {
    return {.tenant = {record.tenant()},
            .description = read_description(record.description(), reader)};
}

void write(const core::TenantDeleted& event, storage::Event& record, StoredWriter&) {
    record.mutable_tenant_deleted()->set_tenant(event.tenant.value);
}

core::TenantDeleted read(const storage::TenantDeleted& record, StoredReader&) {
    return {{record.tenant()}};
}

void write(const core::QuotaChanged& event, storage::Event& record, StoredWriter&) {
    storage::QuotaChanged& changed = *record.mutable_quota_changed();
    changed.set_tenant(event.tenant.value);
    changed.set_accelerator(event.accelerator);
    storage::Quota& quota = *changed.mutable_quota();
    quota.set_guaranteed(event.quota.guaranteed.units());
    if (event.quota.limit) {
        quota.set_limit(event.quota.limit->units());
    }
    if (event.quota.lendable) {
        quota.set_lendable(event.quota.lendable->units());
    }
    quota.set_guaranteed_nodes(event.quota.guaranteed_nodes);
}

core::QuotaChanged read(const storage::QuotaChanged& record, StoredReader& reader) {
    core::Quota quota{.guaranteed = reader.amount(record.quota().guaranteed()),
                      .limit = std::nullopt,
                      .lendable = std::nullopt,
                      .guaranteed_nodes = record.quota().guaranteed_nodes()};
    if (record.quota().has_limit()) {
        quota.limit = reader.amount(record.quota().limit());
    }
    if (record.quota().has_lendable()) {
        quota.lendable = reader.amount(record.quota().lendable());
    }
    return {.tenant = {record.tenant()}, .accelerator = record.accelerator(), .quota = quota};
}

void write(const core::BorrowingRestored& event, storage::Event& record, StoredWriter&) {
    storage::BorrowingRestored& written = *record.mutable_borrowing_restored();
    written.set_tenant(event.tenant.value);
    written.set_amount(event.borrowed.amount);
    written.set_as_of(to_milliseconds(event.borrowed.as_of));
}

core::BorrowingRestored read(const storage::BorrowingRestored& record, StoredReader&) {
    return {.tenant = {record.tenant()},
            .borrowed = {.amount = record.amount(), .as_of = from_milliseconds(record.as_of())}};
}

}  // namespace gusu::wire
