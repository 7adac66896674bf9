#include <algorithm>

#include "agent/gpucheck/cards.h"
#include "agent/gpucheck/copies.h"
#include "agent/gpucheck/words.h"

namespace gusu::gpucheck {
namespace {

constexpr std::uint64_t kHostBytes = 256U << 20;
constexpr std::uint64_t kCardBytes = 1U << 30;
constexpr Pattern kPattern{PatternKind::Random, 7};

int rounds_of(Thoroughness thoroughness) { return thoroughness == Thoroughness::Full ? 11 : 5; }

struct Copy {
    void* to = nullptr;
    const void* from = nullptr;
    std::uint64_t bytes = 0;
};

// One more round than are told: the first is slower than the card is.
Result<std::vector<double>> speeds_of(const Copy& copy, int rounds, const std::string& doing) {
    CardClock clock;
    std::vector<double> speeds;
    for (int round = 0; round <= rounds; ++round) {
        clock.start();
        const Status started =
            done(cudaMemcpyAsync(copy.to, copy.from, copy.bytes, cudaMemcpyDefault), doing);
        if (!started) {
            return started.error();
        }
        const auto seconds = clock.seconds(doing);
        if (!seconds) {
            return seconds.error();
        }
        if (round > 0) {
            speeds.push_back(static_cast<double>(copy.bytes) / *seconds / 1e9);
        }
    }
    return speeds;
}

Span span_of(const CardBuffer<Word>& buffer, std::uint64_t bytes) {
    return {buffer.get(), bytes / sizeof(Word), 0};
}

Result<Mismatches> look_on_card(const Span& span, const std::string& doing) {
    const auto findings = card_buffer<Findings>(1);
    if (!findings) {
        return findings.error();
    }
    if (const Status cleared = done(cudaMemset(findings->get(), 0, sizeof(Findings)), doing);
        !cleared) {
        return cleared.error();
    }
    start_compare(span, kPattern, findings->get());
    return read(findings->get(), doing);
}

void fill_on_host(Word* words, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        words[i] = word_at(kPattern, i);
    }
}

Mismatches look_on_host(const Word* words, std::uint64_t count) {
    Mismatches found;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t expected = word_at(kPattern, i);
        if (words[i] != expected) {
            ++found.words;
            if (found.examples.size() < kMostExamples) {
                found.examples.push_back({i * sizeof(Word), expected, words[i]});
            }
        }
    }
    return found;
}

Status measure_host_copies(CopySpeeds& speeds, int rounds) {
    const std::uint64_t count = kHostBytes / sizeof(Word);
    const auto host = pinned_buffer<Word>(count);
    if (!host) {
        return host.error();
    }
    const auto card = card_buffer<Word>(count);
    if (!card) {
        return card.error();
    }
    fill_on_host(host->get(), count);
    const auto to = speeds_of({card->get(), host->get(), kHostBytes}, rounds, "copy to the card");
    if (!to) {
        return to.error();
    }
    auto arrived = look_on_card(span_of(*card, kHostBytes), "look at what was copied to the card");
    if (!arrived) {
        return arrived.error();
    }
    std::fill_n(host->get(), count, Word{0});
    start_fill(span_of(*card, kHostBytes), kPattern);
    const auto from =
        speeds_of({host->get(), card->get(), kHostBytes}, rounds, "copy from the card");
    if (!from) {
        return from.error();
    }
    speeds.to_card = *to;
    speeds.from_card = *from;
    speeds.wrong.add(std::move(*arrived));
    speeds.wrong.add(look_on_host(host->get(), count));
    speeds.bytes += 2 * kHostBytes;
    return Done{};
}

Status measure_card_copies(CopySpeeds& speeds, int rounds) {
    const auto from = card_buffer<Word>(kCardBytes / sizeof(Word));
    const auto to = card_buffer<Word>(kCardBytes / sizeof(Word));
    if (!from || !to) {
        return from ? to.error() : from.error();
    }
    start_fill(span_of(*from, kCardBytes), kPattern);
    const auto measured =
        speeds_of({to->get(), from->get(), kCardBytes}, rounds, "copy on the card");
    if (!measured) {
        return measured.error();
    }
    auto arrived = look_on_card(span_of(*to, kCardBytes), "look at what was copied on the card");
    if (!arrived) {
        return arrived.error();
    }
    for (const double speed : *measured) {
        speeds.on_card.push_back(2 * speed);
    }
    speeds.wrong.add(std::move(*arrived));
    speeds.bytes += kCardBytes;
    return Done{};
}

// Whether `from` can reach the memory of `to`; from then on it may.
bool open_way(int from, int to) {
    int can = 0;
    if (cudaDeviceCanAccessPeer(&can, from, to) != cudaSuccess || can == 0 || !use_card(from)) {
        cudaGetLastError();
        return false;
    }
    const cudaError_t enabled = cudaDeviceEnablePeerAccess(to, 0);
    cudaGetLastError();
    return enabled == cudaSuccess || enabled == cudaErrorPeerAccessAlreadyEnabled;
}

}  // namespace

Result<CopySpeeds> measure_copies(Thoroughness thoroughness) {
    CopySpeeds speeds;
    const int rounds = rounds_of(thoroughness);
    if (const Status measured = measure_host_copies(speeds, rounds); !measured) {
        return measured.error();
    }
    if (const Status measured = measure_card_copies(speeds, rounds); !measured) {
        return measured.error();
    }
    return speeds;
}

Result<PeerSpeeds> measure_peer_copy(int from, int to) {
    PeerSpeeds speeds{.direct = open_way(from, to)};
    if (const Status used = use_card(to); !used) {
        return used.error();
    }
    const auto target = card_buffer<Word>(kHostBytes / sizeof(Word));
    if (!target) {
        return target.error();
    }
    if (const Status used = use_card(from); !used) {
        return used.error();
    }
    const auto source = card_buffer<Word>(kHostBytes / sizeof(Word));
    if (!source) {
        return source.error();
    }
    start_fill(span_of(*source, kHostBytes), kPattern);
    const auto rounds = speeds_of({target->get(), source->get(), kHostBytes},
                                  rounds_of(Thoroughness::Quick), "copy to another card");
    if (!rounds) {
        return rounds.error();
    }
    if (const Status used = use_card(to); !used) {
        return used.error();
    }
    auto arrived = look_on_card(span_of(*target, kHostBytes), "look at what another card copied");
    if (!arrived) {
        return arrived.error();
    }
    speeds.rounds = *rounds;
    speeds.bytes = kHostBytes;
    speeds.wrong = std::move(*arrived);
    return speeds;
}

}  // namespace gusu::gpucheck
