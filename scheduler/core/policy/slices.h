// Profiles of devices that are cut, by the catalogue.
#pragma once

#include <optional>
#include <string>

#include "scheduler/base/result.h"
#include "scheduler/core/model/state.h"

namespace gusu::core {

// nullptr if devices of this accelerator cannot be cut so.
const SliceProfile* profile_of(const State& state, const std::string& accelerator,
                               const std::string& profile);

// Replaces the profiles that the demand names by what the catalogue says of them: how many slices
// they are and for how much of a device they count, and which accelerators can be cut so. What is
// said later does not change it. `field` is where the demand stands.
std::optional<Error> settle_slices(const State& state, Demand& demand, const std::string& field);

}  // namespace gusu::core
