// Which devices of a node go together: those that reach each other by a link of their own.
#pragma once

#include <vector>

#include "scheduler/core/model/node.h"

namespace gusu::core {

// `wanted` of the usable devices, or all if there are fewer: of the one link group with the fewest
// usable that has enough, so that larger groups stay whole; if none has, of as few groups as can
// be, those with most first. Devices in no group are as good as one group among themselves, taken
// only where no real one is as fit. Positions in node.devices, both ascending.
std::vector<int> closest(const NodeDescription& node, const std::vector<int>& usable, int wanted);

}  // namespace gusu::core
