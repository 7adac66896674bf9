// Products of matrices: how fast, and whether rightly.
#pragma once

#include <vector>

#include "agent/gpucheck/judge.h"

namespace gusu::gpucheck {

enum class Arithmetic {
    Fp32,    // without tensor cores
    Tensor,  // BF16 with sums in FP32
};
enum class Spoil { Nothing, OneResult };

struct GemmRounds {
    std::vector<double> tflops;
    std::uint64_t results = 0;  // that were proved
    std::uint64_t wrong_rows = 0;
    std::vector<int> examples;  // of wrong rows
};

// On the current card. The factors are small whole numbers, so that every sum is exact in whatever
// order it was made, and each row of the product is proved by one more product, with a vector: a
// single wrong result is found for certain.
Result<GemmRounds> measure_gemm(Arithmetic arithmetic, Thoroughness thoroughness, Spoil spoil);

}  // namespace gusu::gpucheck
