#include "tools/sim/site.h"

#include "tools/sim/random.h"

namespace gusu::sim {

bool is_preemptible(const std::string& job_id, int percent) {
    // FNV-1a makes a number of the text, splitmix64 spreads it.
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : job_id) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
    return splitmix64(hash) % 100 < static_cast<std::uint64_t>(percent);
}

}  // namespace gusu::sim
