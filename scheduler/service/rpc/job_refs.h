// Ids of jobs as requests carry them.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <string>
#include <vector>

#include "scheduler/base/result.h"
#include "scheduler/core/command.h"

namespace gusu::service {

inline constexpr int kMostJobIds = 1000;

// 1 to 1,000 of them.
Result<std::vector<core::JobRef>> to_refs(
    const google::protobuf::RepeatedPtrField<std::string>& job_ids);
Result<core::JobRef> to_ref(const std::string& job_id);

}  // namespace gusu::service
