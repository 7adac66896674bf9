// A cluster's life from a seed: jobs come, tasks run and fail, nodes come and go and are reserved,
// quotas change.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "tests/world/world.h"

namespace gusu::testing {

class RandomLife {
public:
    explicit RandomLife(std::uint64_t seed);

    World& world() { return world_; }
    // One thing happens, some time after the last.
    void go_on();

private:
    int upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
    JobId any_job();
    void submit();
    void ask_for_a_place(core::Demand& demand, core::TaskGroup& group);
    void observe();
    void change_job();
    void change_node();
    void change_reservation();
    void change_tenant();

    std::mt19937_64 random_;
    bool some_are_cut_;        // of the devices, into slices
    bool some_are_sensitive_;  // tenants, now and then
    World world_;
    std::vector<std::string> tenants_{"a", "b", "a/c"};
    std::vector<JobId> jobs_;
    int requests_ = 0;
    int boots_ = 0;
};

}  // namespace gusu::testing
