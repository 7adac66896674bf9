// The kernels of gemm.cu: C = A B, all by rows, n x n.
#pragma once

#include <cuda_bf16.h>

#include "agent/gpucheck/cuda_call.h"

namespace gusu::gpucheck {

// What n must be a multiple of.
inline constexpr int kGemmTile = 256;

// Once a card, before the first start.
Status prepare_tensor_gemm();
void start_gemm(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int n);
void start_gemm(const float* a, const float* b, float* c, int n);

}  // namespace gusu::gpucheck
