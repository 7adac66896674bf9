#include <algorithm>

#include "agent/gpucheck/memory.h"
#include "agent/gpucheck/words.h"

namespace gusu::gpucheck {
namespace {

constexpr int kThreads = 256;
constexpr int kBlocks = 2048;
constexpr std::uint64_t kLeastBytes = 64U << 20;
// Large pieces first; what no large one fits into, smaller ones do.
constexpr std::uint64_t kPieces[] = {1U << 30, 128U << 20, 16U << 20, 2U << 20};

__global__ void fill_kernel(Span span, Pattern pattern) {
    const std::uint64_t step = std::uint64_t{gridDim.x} * blockDim.x;
    auto* const pairs = reinterpret_cast<ulonglong2*>(span.words);
    for (std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < span.count / 2;
         i += step) {
        pairs[i] = make_ulonglong2(word_at(pattern, span.first + 2 * i),
                                   word_at(pattern, span.first + 2 * i + 1));
    }
}

__device__ void note(Findings* findings, const BadWord& bad) {
    const unsigned int place = atomicAdd(&findings->examples, 1U);
    if (place < kMostExamples) {
        findings->kept[place] = bad;
    }
}

__global__ void compare_kernel(Span span, Pattern pattern, Findings* findings) {
    const std::uint64_t step = std::uint64_t{gridDim.x} * blockDim.x;
    const auto* const pairs = reinterpret_cast<const ulonglong2*>(span.words);
    Word mismatches = 0;
    for (std::uint64_t i = std::uint64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < span.count / 2;
         i += step) {
        const ulonglong2 pair = pairs[i];
        for (int half = 0; half < 2; ++half) {
            const std::uint64_t index = span.first + 2 * i + half;
            const std::uint64_t expected = word_at(pattern, index);
            const std::uint64_t found = half == 0 ? pair.x : pair.y;
            if (found == expected) {
                continue;
            }
            // One example a thread: where all is wrong, counting each word here would take minutes.
            if (mismatches++ == 0) {
                note(findings, {index * sizeof(Word), expected, found});
            }
        }
    }
    if (mismatches > 0) {
        atomicAdd(&findings->mismatches, mismatches);
    }
}

__global__ void spoil_kernel(Word* word, int bit) { *word ^= Word{1} << bit; }

}  // namespace

void start_fill(const Span& span, const Pattern& pattern) {
    fill_kernel<<<kBlocks, kThreads>>>(span, pattern);
}

void start_compare(const Span& span, const Pattern& pattern, Findings* findings) {
    compare_kernel<<<kBlocks, kThreads>>>(span, pattern, findings);
}

Result<Mismatches> read(const Findings* findings, const std::string& doing) {
    Findings found{};
    const Status ready = kernels_done(doing);
    const Status copied =
        ready ? done(cudaMemcpy(&found, findings, sizeof found, cudaMemcpyDeviceToHost), doing)
              : ready;
    if (!copied) {
        return copied.error();
    }
    Mismatches mismatches{.words = found.mismatches};
    const std::size_t kept = std::min<std::size_t>(found.examples, kMostExamples);
    mismatches.examples.assign(found.kept, found.kept + kept);
    std::ranges::sort(mismatches.examples);
    return mismatches;
}

struct CardMemory::Parts {
    CardBuffer<Findings> findings;
    std::vector<CardBuffer<Word>> owned;
    std::vector<Span> spans;
    std::uint64_t words = 0;
};

CardMemory::CardMemory(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
CardMemory::CardMemory(CardMemory&&) noexcept = default;
CardMemory::~CardMemory() = default;

Result<CardMemory> CardMemory::take_all_free() {
    auto findings = card_buffer<Findings>(1);
    if (!findings) {
        return findings.error();
    }
    auto parts = std::make_unique<Parts>();
    parts->findings = std::move(*findings);
    for (const std::uint64_t piece : kPieces) {
        for (;;) {
            auto got = card_buffer<Word>(piece / sizeof(Word));
            if (!got && got.error().code != ErrorCode::Unavailable) {
                return got.error();
            }
            if (!got) {
                break;
            }
            parts->spans.push_back({got->get(), piece / sizeof(Word), parts->words});
            parts->words += piece / sizeof(Word);
            parts->owned.push_back(std::move(*got));
        }
    }
    CardMemory memory(std::move(parts));
    if (memory.bytes() < kLeastBytes) {
        return Error{ErrorCode::Unavailable, "only " + std::to_string(memory.bytes() >> 20) +
                                                 " MiB of the card are free; end what uses it, "
                                                 "nvidia-smi shows it"};
    }
    return Result<CardMemory>(std::move(memory));
}

std::uint64_t CardMemory::bytes() const { return parts_->words * sizeof(Word); }

Status CardMemory::fill(const Pattern& pattern) {
    for (const Span& span : parts_->spans) {
        start_fill(span, pattern);
    }
    return kernels_done("fill memory");
}

Result<Mismatches> CardMemory::compare(const Pattern& pattern) {
    Findings* const findings = parts_->findings.get();
    const Status cleared = done(cudaMemset(findings, 0, sizeof(Findings)), "compare memory");
    if (!cleared) {
        return cleared.error();
    }
    for (const Span& span : parts_->spans) {
        start_compare(span, pattern, findings);
    }
    return read(findings, "compare memory");
}

Status CardMemory::spoil() {
    for (const std::uint64_t index : {std::uint64_t{0}, parts_->words / 2, parts_->words - 1}) {
        const auto span = std::ranges::find_if(parts_->spans, [&](const Span& one) {
            return index >= one.first && index < one.first + one.count;
        });
        spoil_kernel<<<1, 1>>>(span->words + (index - span->first), static_cast<int>(index % 64));
    }
    return kernels_done("put errors into memory");
}

}  // namespace gusu::gpucheck
