#include "scheduler/core/policy/slices.h"

#include <algorithm>

#include "scheduler/base/text.h"

namespace gusu::core {
namespace {

std::vector<std::string> accelerators_of(const State& state, const TaskGroup& group) {
    if (!group.accelerators.empty()) {
        return group.accelerators;
    }
    std::vector<std::string> all;
    for (const auto& [name, accelerator] : state.catalogue()) {
        all.push_back(name);
    }
    return all;
}

std::vector<std::string> profiles_of(const State& state, const TaskGroup& group) {
    std::set<std::string> names;
    for (const std::string& accelerator : accelerators_of(state, group)) {
        const auto known = state.catalogue().find(accelerator);
        if (known != state.catalogue().end()) {
            for (const SliceProfile& profile : known->second.profiles) {
                names.insert(profile.name);
            }
        }
    }
    return {names.begin(), names.end()};
}

Error unknown_profile(const State& state, const TaskGroup& group, const std::string& field) {
    const std::vector<std::string> known = profiles_of(state, group);
    std::string message = field + ": \"" + group.slice->name + "\" is no profile of " +
                          (group.accelerators.empty() ? "any accelerator of the catalogue"
                                                      : group.accelerators.front());
    if (known.empty()) {
        return {ErrorCode::InvalidArgument,
                message +
                    ", which cannot be cut. Ask for a share of it by gpus, or name another "
                    "accelerator"};
    }
    const std::string near = nearest_name(group.slice->name, known);
    message += near.empty() ? "." : "; did you mean \"" + near + "\"?";
    message += " Known:";
    for (const std::string& name : known) {
        message += " " + name;
    }
    return {ErrorCode::InvalidArgument, std::move(message)};
}

bool is_same_shape(const SliceProfile& a, const SliceProfile& b) {
    return a.size == b.size && a.of == b.of && a.starts == b.starts;
}

std::optional<Error> settle(const State& state, TaskGroup& group, const std::string& field) {
    std::vector<std::string> accelerators;
    const SliceProfile* settled = nullptr;
    for (const std::string& name : accelerators_of(state, group)) {
        const SliceProfile* profile = profile_of(state, name, group.slice->name);
        if (profile == nullptr) {
            continue;
        }
        if (settled != nullptr && !is_same_shape(*settled, *profile)) {
            return Error{ErrorCode::InvalidArgument, field + ": \"" + profile->name +
                                                         "\" is not the same part of " +
                                                         accelerators.front() + " as of " + name +
                                                         "; name one of them as accelerator"};
        }
        settled = profile;
        accelerators.push_back(name);
    }
    if (settled == nullptr) {
        return unknown_profile(state, group, field);
    }
    group.slice = *settled;
    group.per_task.milli_gpus = Amount(settled->milli());
    group.accelerators = std::move(accelerators);
    return std::nullopt;
}

}  // namespace

const SliceProfile* profile_of(const State& state, const std::string& accelerator,
                               const std::string& profile) {
    const auto known = state.catalogue().find(accelerator);
    if (known == state.catalogue().end()) {
        return nullptr;
    }
    const auto& all = known->second.profiles;
    const auto found = std::ranges::find(all, profile, &SliceProfile::name);
    return found == all.end() ? nullptr : &*found;
}

std::optional<Error> settle_slices(const State& state, Demand& demand, const std::string& field) {
    for (std::size_t i = 0; i < demand.groups.size(); ++i) {
        const std::string here = field + ".groups[" + std::to_string(i) + "].gpu_slice";
        if (!demand.groups[i].slice) {
            continue;
        }
        if (auto refused = settle(state, demand.groups[i], here)) {
            return refused;
        }
    }
    return std::nullopt;
}

}  // namespace gusu::core
