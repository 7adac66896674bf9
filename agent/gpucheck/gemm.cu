#include <algorithm>
#include <type_traits>

#include "agent/gpucheck/gemm.h"
#include "agent/gpucheck/gemm_kernels.h"
#include "agent/gpucheck/pattern.h"

namespace gusu::gpucheck {
namespace {

constexpr int kThreads = 256;
constexpr int kMostRows = 16;  // examples of wrong ones

struct RowFindings {
    unsigned int wrong;
    int kept[kMostRows];
};

// Whole numbers from -4 to 3: no sum of up to 2^16 products leaves what FP32 holds exactly.
template <typename T>
__global__ void fill_factors(T* values, std::size_t count, std::uint64_t seed) {
    const std::size_t step = static_cast<std::size_t>(gridDim.x) * blockDim.x;
    for (std::size_t i = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count;
         i += step) {
        const int value = static_cast<int>(scattered(i + seed) % 8) - 4;
        values[i] = static_cast<T>(static_cast<float>(value));
    }
}

// No element is 0, so that no result is left out of the proof.
__global__ void fill_vector(double* values, int n) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n) {
        values[i] = static_cast<double>(1 + scattered(static_cast<std::uint64_t>(i)) % 15);
    }
}

// y = M x, a block a row.
template <typename T>
__global__ void times_vector(const T* matrix, const double* x, double* y, int n) {
    __shared__ double parts[kThreads];
    const T* const row = matrix + static_cast<std::size_t>(blockIdx.x) * n;
    double sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < n; i += kThreads) {
        sum += static_cast<double>(static_cast<float>(row[i])) * x[i];
    }
    parts[threadIdx.x] = sum;
    __syncthreads();
    for (unsigned int half = kThreads / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            parts[threadIdx.x] += parts[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        y[blockIdx.x] = parts[0];
    }
}

__global__ void compare_rows(const double* expected, const double* found, int n,
                             RowFindings* findings) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n && expected[i] != found[i]) {
        const unsigned int place = atomicAdd(&findings->wrong, 1U);
        if (place < kMostRows) {
            findings->kept[place] = i;
        }
    }
}

__global__ void spoil_result(float* result) { *result += 1; }

struct Plan {
    int n;
    int rounds;
    int products;  // in a round
};

Plan plan_of(Arithmetic arithmetic, Thoroughness thoroughness) {
    const bool full = thoroughness == Thoroughness::Full;
    return arithmetic == Arithmetic::Tensor ? Plan{8192, full ? 20 : 5, full ? 40 : 10}
                                            : Plan{4096, full ? 20 : 5, full ? 20 : 8};
}

// The matrices, and what proves their product.
template <typename T>
struct Work {
    int n = 0;
    CardBuffer<T> a;
    CardBuffer<T> b;
    CardBuffer<float> c;
    CardBuffer<double> x;
    CardBuffer<double> bx;
    CardBuffer<double> expected;  // A (B x)
    CardBuffer<double> found;     // C x
    CardBuffer<RowFindings> findings;

    int blocks() const { return n / kThreads; }
};

template <typename T>
Status allocate(Work<T>& work, int n) {
    const std::size_t count = static_cast<std::size_t>(n) * static_cast<std::size_t>(n);
    const auto get = [](auto& buffer, std::size_t wanted) -> Status {
        using Element = typename std::remove_reference_t<decltype(buffer)>::element_type;
        auto got = card_buffer<Element>(wanted);
        if (!got) {
            return got.error();
        }
        buffer = std::move(*got);
        return Done{};
    };
    work.n = n;
    const auto rows = static_cast<std::size_t>(n);
    for (const Status& got : {get(work.a, count), get(work.b, count), get(work.c, count),
                              get(work.x, rows), get(work.bx, rows), get(work.expected, rows),
                              get(work.found, rows), get(work.findings, 1)}) {
        if (!got) {
            return got;
        }
    }
    return Done{};
}

template <typename T>
Status fill(const Work<T>& work) {
    const std::size_t count = static_cast<std::size_t>(work.n) * static_cast<std::size_t>(work.n);
    fill_factors<<<1024, kThreads>>>(work.a.get(), count, 1);
    fill_factors<<<1024, kThreads>>>(work.b.get(), count, std::uint64_t{1} << 40);
    fill_vector<<<work.blocks(), kThreads>>>(work.x.get(), work.n);
    times_vector<<<work.n, kThreads>>>(work.b.get(), work.x.get(), work.bx.get(), work.n);
    times_vector<<<work.n, kThreads>>>(work.a.get(), work.bx.get(), work.expected.get(), work.n);
    return kernels_done("prepare matrices");
}

// Adds what it finds. A product that was not written at all is found too: C was cleared before.
template <typename T>
Status prove(const Work<T>& work, GemmRounds& rounds) {
    RowFindings found{};
    const std::string doing = "prove a product";
    cudaMemset(work.findings.get(), 0, sizeof found);
    times_vector<<<work.n, kThreads>>>(work.c.get(), work.x.get(), work.found.get(), work.n);
    compare_rows<<<work.blocks(), kThreads>>>(work.expected.get(), work.found.get(), work.n,
                                              work.findings.get());
    const Status proved = kernels_done(doing);
    const Status read =
        proved ? done(cudaMemcpy(&found, work.findings.get(), sizeof found, cudaMemcpyDeviceToHost),
                      doing)
               : proved;
    if (!read) {
        return read;
    }
    rounds.results += static_cast<std::uint64_t>(work.n) * static_cast<std::uint64_t>(work.n);
    rounds.wrong_rows += found.wrong;
    const auto kept = std::min<unsigned int>(found.wrong, kMostRows);
    for (unsigned int i = 0; i < kept && rounds.examples.size() < kMostRows; ++i) {
        rounds.examples.push_back(found.kept[i]);
    }
    return Done{};
}

template <typename T>
Result<double> one_round(const Work<T>& work, int products) {
    CardClock clock;
    cudaMemset(work.c.get(), 0,
               static_cast<std::size_t>(work.n) * static_cast<std::size_t>(work.n) * sizeof(float));
    clock.start();
    for (int product = 0; product < products; ++product) {
        start_gemm(work.a.get(), work.b.get(), work.c.get(), work.n);
    }
    const auto seconds = clock.seconds("multiply matrices");
    if (!seconds) {
        return seconds.error();
    }
    const double n = work.n;
    return 2 * n * n * n * products / *seconds / 1e12;
}

template <typename T>
Result<GemmRounds> measure(const Plan& plan, Spoil spoil) {
    Work<T> work;
    if (const Status ready = allocate(work, plan.n); !ready) {
        return ready.error();
    }
    if (const Status filled = fill(work); !filled) {
        return filled.error();
    }
    GemmRounds rounds;
    for (int round = 0; round <= plan.rounds; ++round) {
        // The first one warms up.
        const auto tflops = one_round(work, round == 0 ? 1 : plan.products);
        if (!tflops) {
            return tflops.error();
        }
        if (round > 0) {
            rounds.tflops.push_back(*tflops);
        }
        if (round == plan.rounds && spoil == Spoil::OneResult) {
            spoil_result<<<1, 1>>>(work.c.get() + work.n + 17);
        }
        if (const Status proved = prove(work, rounds); !proved) {
            return proved.error();
        }
    }
    return rounds;
}

}  // namespace

Result<GemmRounds> measure_gemm(Arithmetic arithmetic, Thoroughness thoroughness, Spoil spoil) {
    const Plan plan = plan_of(arithmetic, thoroughness);
    static_assert(8192 % kGemmTile == 0 && 4096 % kGemmTile == 0);
    if (arithmetic == Arithmetic::Fp32) {
        return measure<float>(plan, spoil);
    }
    if (const Status prepared = prepare_tensor_gemm(); !prepared) {
        return prepared.error();
    }
    return measure<__nv_bfloat16>(plan, spoil);
}

}  // namespace gusu::gpucheck
