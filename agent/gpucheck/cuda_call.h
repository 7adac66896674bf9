// CUDA's calls and what they give, as results and owners. Only for the .cu files here.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "agent/gpucheck/problem.h"

namespace gusu::gpucheck {

inline Status done(cudaError_t result, const std::string& doing) {
    if (result == cudaSuccess) {
        return Done{};
    }
    cudaGetLastError();  // what was told once is not to be told again by a call that went well
    return to_error({.number = static_cast<int>(result), .text = cudaGetErrorString(result)},
                    doing);
}

// Of kernels that were started before.
inline Status kernels_done(const std::string& doing) {
    const Status started = done(cudaGetLastError(), doing);
    return started ? done(cudaDeviceSynchronize(), doing) : started;
}

template <typename T>
struct FreeOnCard {
    void operator()(T* memory) const { cudaFree(memory); }
};
template <typename T>
using CardBuffer = std::unique_ptr<T[], FreeOnCard<T>>;

template <typename T>
Result<CardBuffer<T>> card_buffer(std::size_t count) {
    void* memory = nullptr;
    const Status made = done(cudaMalloc(&memory, count * sizeof(T)),
                             "get " + std::to_string(count * sizeof(T)) + " bytes of the card");
    if (!made) {
        return made.error();
    }
    return CardBuffer<T>(static_cast<T*>(memory));
}

template <typename T>
struct FreePinned {
    void operator()(T* memory) const { cudaFreeHost(memory); }
};
template <typename T>
using PinnedBuffer = std::unique_ptr<T[], FreePinned<T>>;

template <typename T>
Result<PinnedBuffer<T>> pinned_buffer(std::size_t count) {
    void* memory = nullptr;
    const Status made = done(cudaMallocHost(&memory, count * sizeof(T)),
                             "pin " + std::to_string(count * sizeof(T)) + " bytes of the host");
    if (!made) {
        return made.error();
    }
    return PinnedBuffer<T>(static_cast<T*>(memory));
}

// How long what lies between start() and seconds() took on the card that is the current one.
class CardClock {
public:
    CardClock() {
        cudaEventCreate(&start_);
        cudaEventCreate(&end_);
    }
    ~CardClock() {
        cudaEventDestroy(start_);
        cudaEventDestroy(end_);
    }
    CardClock(const CardClock&) = delete;
    CardClock& operator=(const CardClock&) = delete;

    void start() { cudaEventRecord(start_); }
    Result<double> seconds(const std::string& doing) {
        cudaEventRecord(end_);
        if (const Status ended = kernels_done(doing); !ended) {
            return ended.error();
        }
        float milliseconds = 0;
        const Status told = done(cudaEventElapsedTime(&milliseconds, start_, end_), doing);
        if (!told) {
            return told.error();
        }
        return static_cast<double>(milliseconds) / 1e3;
    }

private:
    cudaEvent_t start_ = nullptr;
    cudaEvent_t end_ = nullptr;
};

}  // namespace gusu::gpucheck
