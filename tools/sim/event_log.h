// A fingerprint of all that happened in a replay: two runs are equal to the bit when theirs are.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "scheduler/core/event.h"

namespace gusu::sim {

class EventLog {
public:
    EventLog();

    void add(const core::Events& events);

    // What the baselines do, in the same words.
    void submitted(std::uint64_t job, Time at) { record(Kind::Submitted, job, at); }
    void placed(std::uint64_t job, Time at) { record(Kind::Placed, job, at); }
    void on_node(int node, int gpus) {
        put(node);
        put(gpus);
    }
    void ended(std::uint64_t job, Time at) { record(Kind::Ended, job, at); }

    std::int64_t events() const { return events_; }
    // SHA-256 of all so far, hexadecimal.
    std::string sha256();

private:
    // These numbers are part of the fingerprint; the core's own may change with its code.
    enum class Kind : std::uint8_t {
        Other = 0,
        Submitted = 1,
        Placed = 2,
        TaskChanged = 3,
        StopRequested = 4,
        Ended = 5,
        Requeued = 6,
        Forgotten = 7,
        NodeJoined = 8,
        TenantCreated = 9,
        QuotaChanged = 10,
    };
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };

    void record(Kind kind, std::uint64_t subject, Time at);
    void add(const core::Event& event);
    void add_job_event(const core::Event& event);
    void add_placed(const core::JobPlaced& placed, Time at);
    void put(const core::Ending& ending);
    void put(const std::string& text);
    template <typename Number>
        requires std::is_arithmetic_v<Number>
    void put(Number number) {
        const auto wide = static_cast<std::uint64_t>(number);
        std::array<unsigned char, sizeof wide> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) {
            bytes[i] = static_cast<unsigned char>(wide >> (8 * i));
        }
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
    void flush();

    std::unique_ptr<EVP_MD_CTX, Free> digest_;
    std::vector<unsigned char> buffer_;
    std::int64_t events_ = 0;
};

}  // namespace gusu::sim
