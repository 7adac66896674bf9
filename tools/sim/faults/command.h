// `gusu-sim faults`.
#pragma once

#include <string>

#include "scheduler/base/result.h"

namespace gusu::faults {

struct FaultsWords {
    std::string seeds = "1..100";
    double hours = 1;  // of faults in each life
    double years = 0;  // if above 0: lives follow one another until so many have been lived
    int nodes = 4;
    double submit_every_s = 20;
    std::string only;  // "F7,F19"
    bool keep_going = false;
    bool tell = false;  // what happens, on stderr
};
// An error if something was wrong in one of the lives.
Status faults(const FaultsWords& words);

}  // namespace gusu::faults
