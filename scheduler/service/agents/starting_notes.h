// What nodes say that a task waits for while it is starting: "pulling image ...". For people only:
// the core does not know it, and an agent tells it again when it connects.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <map>
#include <mutex>
#include <string>

#include "gusu/v1/agent_service.pb.h"
#include "scheduler/base/ids.h"

namespace gusu::service {

class StartingNotes {
public:
    using Observations = google::protobuf::RepeatedPtrField<v1::TaskObservation>;
    // Any thread. A task that runs or has ended is forgotten.
    void hear(const std::string& node, const Observations& tasks);
    void forget(const std::string& node);

    // "node n1: pulling image ..." of the first task of which something is known; "" if nothing is.
    std::string of(IncarnationId incarnation) const;

private:
    struct Note {
        std::string node;
        std::string text;
    };
    mutable std::mutex mutex_;
    std::map<IncarnationId, std::map<int, Note>> notes_;  // by rank; no entry is empty
};

}  // namespace gusu::service
