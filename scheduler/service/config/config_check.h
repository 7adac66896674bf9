// The rules for the values of a complete SchedulerConfig.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "gusu/config/v1/scheduler.pb.h"
#include "scheduler/base/result.h"

namespace gusu::service {

// What is wrong with the values, gathered.
class Complaints {
public:
    explicit Complaints(std::filesystem::path file) : file_(std::move(file)) {}

    // "FILE: FIELD: PROBLEM"
    void add(const std::string& field, const std::string& problem);
    // "FILE: FIELD: VALUE is not allowed; ALLOWED"
    void add_value(const std::string& field, const std::string& value, const std::string& allowed);

    // One line each, or Done if there are none.
    Status result() const;

private:
    std::filesystem::path file_;
    std::vector<std::string> lines_;
};

void check_values(const config::v1::SchedulerConfig& config, Complaints& complaints);
void check_accelerators(const config::v1::SchedulerConfig& config, Complaints& complaints);

}  // namespace gusu::service
