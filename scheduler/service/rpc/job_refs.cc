#include "scheduler/service/rpc/job_refs.h"

#include "scheduler/base/text.h"
#include "scheduler/wire/field.h"
#include "scheduler/wire/job_text.h"

namespace gusu::service {

Result<core::JobRef> to_ref(const std::string& job_id) {
    auto reference = wire::parse_job_ref(job_id);
    if (!reference) {
        return Error{reference.error().code, "job_id: " + reference.error().message};
    }
    return reference;
}

Result<std::vector<core::JobRef>> to_refs(
    const google::protobuf::RepeatedPtrField<std::string>& job_ids) {
    const wire::Field parent{nullptr, "job_ids", -1};
    if (job_ids.empty() || job_ids.size() > kMostJobIds) {
        return wire::refuse(parent, "has " + std::to_string(job_ids.size()) + " ids",
                            "1 to " + std::to_string(kMostJobIds) + " ids");
    }
    std::vector<core::JobRef> references;
    for (int i = 0; i < job_ids.size(); ++i) {
        const auto reference = wire::parse_job_ref(job_ids[i]);
        if (!reference) {
            return Error{reference.error().code,
                         "job_ids[" + std::to_string(i) + "]: " + reference.error().message};
        }
        references.push_back(*reference);
    }
    return references;
}

}  // namespace gusu::service
