// Events as bytes of the journal and back: gusu/storage/v1/event.proto.
#pragma once

#include <string>
#include <string_view>

#include "scheduler/base/result.h"
#include "scheduler/core/event.h"

namespace gusu::wire {

// One blob, understood without any other. Jobs that share a JobSpec object (or specs a Demand) have
// it written once, and share one again when read. Equal events give equal bytes.
std::string encode_events(const core::Events& events);

// Refuses what it does not know, instead of guessing: such a record is broken or of a newer
// version.
Result<core::Events> decode_events(std::string_view bytes);

}  // namespace gusu::wire
