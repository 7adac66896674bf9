// Two products of matrices that are plain enough to be right and fast enough to heat a card. They
// stand in for cuBLAS, which is not on the nodes and half a gigabyte large.
#include <cuda_pipeline_primitives.h>
#include <mma.h>

#include "agent/gpucheck/gemm_kernels.h"

namespace gusu::gpucheck {
namespace {

namespace wmma = nvcuda::wmma;

constexpr int kThreads = 256;
// Blocks of so many rows go together, so that they find in L2 what their neighbours have loaded.
constexpr int kRowsOfBlocks = 8;

struct BlockPlace {
    int row;
    int column;
};

// `rows` and `columns` in blocks.
__device__ BlockPlace place_of_block(int rows, int columns) {
    const int block = static_cast<int>(blockIdx.x);
    const int in_group = kRowsOfBlocks * columns;
    const int first_row = block / in_group * kRowsOfBlocks;
    const int height = min(kRowsOfBlocks, rows - first_row);
    return {first_row + block % in_group % height, block % in_group / height};
}

// --- BF16 by tensor cores
// ------------------------------------------------------------------------- A block makes 128 x 256
// of C, each of its 8 warps 64 x 64, in steps of 32 along the sums. While one step is computed, the
// next ones are on their way into shared memory.

constexpr int kRows = 128;
constexpr int kColumns = 256;
constexpr int kDepth = 32;
constexpr int kStages = 3;
constexpr int kPiece = 8;  // values of BF16 in 16 bytes
// A little wider than the tile, so that the rows of a column lie in different banks.
constexpr int kWidthA = kDepth + kPiece;
constexpr int kWidthB = kColumns + kPiece;
constexpr int kStageA = kRows * kWidthA;
constexpr int kStage = kStageA + kDepth * kWidthB;
constexpr int kSharedBytes = kStages * kStage * static_cast<int>(sizeof(__nv_bfloat16));
constexpr int kFragment = 16;
constexpr int kFragments = 64 / kFragment;  // of a warp, each way

using FragmentA =
    wmma::fragment<wmma::matrix_a, kFragment, kFragment, kFragment, __nv_bfloat16, wmma::row_major>;
using FragmentB =
    wmma::fragment<wmma::matrix_b, kFragment, kFragment, kFragment, __nv_bfloat16, wmma::row_major>;
using Sums = wmma::fragment<wmma::accumulator, kFragment, kFragment, kFragment, float>;

__device__ void load_stage(const __nv_bfloat16* a, const __nv_bfloat16* b, int n,
                           __nv_bfloat16* stage) {
    const int thread = static_cast<int>(threadIdx.x);
    for (int piece = thread; piece < kRows * kDepth / kPiece; piece += kThreads) {
        const int row = piece / (kDepth / kPiece);
        const int column = piece % (kDepth / kPiece) * kPiece;
        __pipeline_memcpy_async(stage + row * kWidthA + column,
                                a + static_cast<std::size_t>(row) * n + column, 16);
    }
    for (int piece = thread; piece < kDepth * kColumns / kPiece; piece += kThreads) {
        const int row = piece / (kColumns / kPiece);
        const int column = piece % (kColumns / kPiece) * kPiece;
        __pipeline_memcpy_async(stage + kStageA + row * kWidthB + column,
                                b + static_cast<std::size_t>(row) * n + column, 16);
    }
}

__device__ void multiply_stage(const __nv_bfloat16* stage, int warp_row, int warp_column,
                               Sums (&sums)[kFragments][kFragments]) {
#pragma unroll
    for (int depth = 0; depth < kDepth; depth += kFragment) {
        FragmentA a[kFragments];
        FragmentB b[kFragments];
#pragma unroll
        for (int i = 0; i < kFragments; ++i) {
            wmma::load_matrix_sync(a[i], stage + (warp_row + i * kFragment) * kWidthA + depth,
                                   kWidthA);
            wmma::load_matrix_sync(
                b[i], stage + kStageA + depth * kWidthB + warp_column + i * kFragment, kWidthB);
        }
#pragma unroll
        for (int i = 0; i < kFragments; ++i) {
#pragma unroll
            for (int j = 0; j < kFragments; ++j) {
                wmma::mma_sync(sums[i][j], a[i], b[j], sums[i][j]);
            }
        }
    }
}

__global__ void __launch_bounds__(kThreads)
    tensor_gemm(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int n) {
    extern __shared__ __align__(128) unsigned char shared[];
    auto* const stages = reinterpret_cast<__nv_bfloat16*>(shared);
    const BlockPlace place = place_of_block(n / kRows, n / kColumns);
    const int warp = static_cast<int>(threadIdx.x) / 32;
    const int warp_row = warp / 4 * 64;
    const int warp_column = warp % 4 * 64;
    a += static_cast<std::size_t>(place.row) * kRows * n;
    b += static_cast<std::size_t>(place.column) * kColumns;
    Sums sums[kFragments][kFragments];
#pragma unroll
    for (int i = 0; i < kFragments * kFragments; ++i) {
        wmma::fill_fragment(sums[i / kFragments][i % kFragments], 0.0F);
    }
    const int steps = n / kDepth;
    const auto load = [&](int step) {
        if (step < steps) {
            load_stage(a + step * kDepth, b + static_cast<std::size_t>(step) * kDepth * n, n,
                       stages + step % kStages * kStage);
        }
        __pipeline_commit();  // also an empty one: they are counted
    };
    for (int step = 0; step < kStages - 1; ++step) {
        load(step);
    }
    for (int step = 0; step < steps; ++step) {
        __pipeline_wait_prior(kStages - 2);
        __syncthreads();  // this step is there for all, and nobody reads the one before any more
        load(step + kStages - 1);
        multiply_stage(stages + step % kStages * kStage, warp_row, warp_column, sums);
    }
    c += (static_cast<std::size_t>(place.row) * kRows + warp_row) * n + place.column * kColumns +
         warp_column;
#pragma unroll
    for (int i = 0; i < kFragments; ++i) {
#pragma unroll
        for (int j = 0; j < kFragments; ++j) {
            wmma::store_matrix_sync(c + static_cast<std::size_t>(i) * kFragment * n + j * kFragment,
                                    sums[i][j], n, wmma::mem_row_major);
        }
    }
}

// --- FP32
// ----------------------------------------------------------------------------------------- A block
// makes 128 x 128 of C, each of its 256 threads 8 x 8: four squares of 4 x 4, 64 apart.

constexpr int kTile = 128;
constexpr int kStep = 8;
constexpr int kHalf = 64;
constexpr int kQuad = 4;

struct Factors {
    float4 a;
    float4 b;
};

__device__ Factors load_factors(const float* a, const float* b, int n) {
    const int thread = static_cast<int>(threadIdx.x);
    return {*reinterpret_cast<const float4*>(a + static_cast<std::size_t>(thread / 2) * n +
                                             thread % 2 * kQuad),
            *reinterpret_cast<const float4*>(b + static_cast<std::size_t>(thread / 32) * n +
                                             thread % 32 * kQuad)};
}

// A stands on its side: what is read together lies together.
__device__ void keep_factors(const Factors& factors, float (*a)[kTile], float (*b)[kTile]) {
    const int thread = static_cast<int>(threadIdx.x);
    const int row = thread / 2;
    const int depth = thread % 2 * kQuad;
    a[depth][row] = factors.a.x;
    a[depth + 1][row] = factors.a.y;
    a[depth + 2][row] = factors.a.z;
    a[depth + 3][row] = factors.a.w;
    *reinterpret_cast<float4*>(&b[thread / 32][thread % 32 * kQuad]) = factors.b;
}

__device__ void take_eight(const float* row, int first, float (&values)[8]) {
    const float4 low = *reinterpret_cast<const float4*>(row + first);
    const float4 high = *reinterpret_cast<const float4*>(row + kHalf + first);
    values[0] = low.x, values[1] = low.y, values[2] = low.z, values[3] = low.w;
    values[4] = high.x, values[5] = high.y, values[6] = high.z, values[7] = high.w;
}

__device__ void multiply_step(const float (*a)[kTile], const float (*b)[kTile],
                              float (&sums)[8][8]) {
    const int row = static_cast<int>(threadIdx.x) / 16 * kQuad;
    const int column = static_cast<int>(threadIdx.x) % 16 * kQuad;
#pragma unroll
    for (int depth = 0; depth < kStep; ++depth) {
        float of_a[8];
        float of_b[8];
        take_eight(a[depth], row, of_a);
        take_eight(b[depth], column, of_b);
#pragma unroll
        for (int i = 0; i < 64; ++i) {
            sums[i / 8][i % 8] += of_a[i / 8] * of_b[i % 8];
        }
    }
}

__global__ void __launch_bounds__(kThreads, 2)
    fp32_gemm(const float* a, const float* b, float* c, int n) {
    __shared__ __align__(16) float shared_a[2][kStep][kTile];
    __shared__ __align__(16) float shared_b[2][kStep][kTile];
    const BlockPlace place = place_of_block(n / kTile, n / kTile);
    a += static_cast<std::size_t>(place.row) * kTile * n;
    b += static_cast<std::size_t>(place.column) * kTile;
    float sums[8][8] = {};
    keep_factors(load_factors(a, b, n), shared_a[0], shared_b[0]);
    __syncthreads();
    const int steps = n / kStep;
    for (int step = 0; step < steps; ++step) {
        Factors next{};
        if (step + 1 < steps) {
            next = load_factors(a + (step + 1) * kStep,
                                b + static_cast<std::size_t>(step + 1) * kStep * n, n);
        }
        multiply_step(shared_a[step % 2], shared_b[step % 2], sums);
        // The other half was read in the step before, by all: the barrier below lies between.
        keep_factors(next, shared_a[(step + 1) % 2], shared_b[(step + 1) % 2]);
        __syncthreads();
    }
    const int row = place.row * kTile + static_cast<int>(threadIdx.x) / 16 * kQuad;
    const int column = place.column * kTile + static_cast<int>(threadIdx.x) % 16 * kQuad;
#pragma unroll
    for (int i = 0; i < 8; ++i) {
        float* const out =
            c + static_cast<std::size_t>(row + i / kQuad * kHalf + i % kQuad) * n + column;
        *reinterpret_cast<float4*>(out) =
            make_float4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]);
        *reinterpret_cast<float4*>(out + kHalf) =
            make_float4(sums[i][4], sums[i][5], sums[i][6], sums[i][7]);
    }
}

}  // namespace

Status prepare_tensor_gemm() {
    return done(cudaFuncSetAttribute(tensor_gemm, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                     kSharedBytes),
                "have enough shared memory");
}

void start_gemm(const __nv_bfloat16* a, const __nv_bfloat16* b, float* c, int n) {
    tensor_gemm<<<(n / kRows) * (n / kColumns), kThreads, kSharedBytes>>>(a, b, c, n);
}

void start_gemm(const float* a, const float* b, float* c, int n) {
    fp32_gemm<<<(n / kTile) * (n / kTile), kThreads>>>(a, b, c, n);
}

}  // namespace gusu::gpucheck
