// Metrics in Prometheus' text format.
#pragma once

#include <prometheus/collectable.h>

#include <span>
#include <string>

#include "proto/http/server.h"

namespace gusu {

// Collects all sources now: the registry of the process is one, views over a snapshot are others.
// Families are sorted by name; one that several sources know appears once, with the series of all.
std::string metrics_text(std::span<const prometheus::Collectable* const> sources);

// The same as the reply to /metrics.
HttpReply metrics_reply(std::span<const prometheus::Collectable* const> sources);

}  // namespace gusu
