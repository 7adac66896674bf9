// Keeps the first GPU it sees at work, and tells what it sees.
//
//     load [SECONDS [MIB]]
//
// prints "sees N", a line "device UUID NAME" for each GPU, "began TIME" when the first kernel is
// done (seconds since 1970), and "ended well" if every sum came out right. Ends with 3 where there
// is no GPU.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kThreads = 256;
constexpr int kBlocks = 2048;
constexpr int kSteps = 20'000;
constexpr int kLaunches = 4;  // between two looks at the clock
constexpr int kNoDevice = 3;

// Nothing that a compiler could do many steps of at once.
__host__ __device__ std::uint32_t next(std::uint32_t x) {
    return (x ^ (x >> 15)) * 2246822519U + 374761393U;
}

__global__ void advance(std::uint32_t* values) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    std::uint32_t x = values[i];
    for (int step = 0; step < kSteps; ++step) {
        x = next(x);
    }
    values[i] = x;
}

bool succeeded(cudaError_t result, const char* what) {
    if (result != cudaSuccess) {
        std::printf("%s: %s\n", what, cudaGetErrorString(result));
    }
    return result == cudaSuccess;
}

void print_device(int device) {
    cudaDeviceProp properties{};
    if (!succeeded(cudaGetDeviceProperties(&properties, device), "properties")) {
        return;
    }
    std::printf("device GPU-");
    for (int i = 0; i < 16; ++i) {
        const bool dash = i == 4 || i == 6 || i == 8 || i == 10;
        std::printf("%s%02x", dash ? "-" : "",
                    static_cast<unsigned>(static_cast<unsigned char>(properties.uuid.bytes[i])));
    }
    std::printf(" %s\n", properties.name);
}

double seconds_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

// Rounds of kLaunches; below 0 if the device failed.
long work(std::uint32_t* values, double seconds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    long rounds = 0;
    do {
        for (int launch = 0; launch < kLaunches; ++launch) {
            advance<<<kBlocks, kThreads>>>(values);
        }
        if (!succeeded(cudaDeviceSynchronize(), "kernel")) {
            return -1;
        }
        if (++rounds == 1) {
            std::printf("began %.6f\n", seconds_now());
        }
    } while (std::chrono::steady_clock::now() < until);
    return rounds;
}

// The first and the last value, computed once more here.
bool is_right(const std::uint32_t* values, long rounds) {
    for (const int i : {0, kBlocks * kThreads - 1}) {
        std::uint32_t found = 0;
        if (!succeeded(cudaMemcpy(&found, values + i, sizeof found, cudaMemcpyDeviceToHost),
                       "copy")) {
            return false;
        }
        std::uint32_t expected = 0;
        for (long step = 0; step < rounds * kLaunches * kSteps; ++step) {
            expected = next(expected);
        }
        if (found != expected) {
            std::printf("value %d is %u and should be %u\n", i, found, expected);
            return false;
        }
    }
    return true;
}

int run(double seconds, std::size_t bytes) {
    void* memory = nullptr;
    if (!succeeded(cudaMalloc(&memory, bytes), "memory") ||
        !succeeded(cudaMemset(memory, 0, bytes), "memory")) {
        return 1;
    }
    std::printf("holds %zu MiB\n", bytes >> 20);
    auto* const values = static_cast<std::uint32_t*>(memory);
    const long rounds = work(values, seconds);
    const bool right = rounds > 0 && is_right(values, rounds);
    cudaFree(memory);
    if (right) {
        std::printf("ended well after %ld rounds\n", rounds);
    }
    return right ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    int devices = 0;
    const cudaError_t found = cudaGetDeviceCount(&devices);
    devices = found == cudaSuccess ? devices : 0;
    std::printf("sees %d\n", devices);
    if (devices == 0) {
        std::printf("CUDA says: %s\n", cudaGetErrorString(found));
        return kNoDevice;
    }
    for (int device = 0; device < devices; ++device) {
        print_device(device);
    }
    const std::size_t mib = count > 2 ? std::strtoull(words[2], nullptr, 10) : 64;
    return run(count > 1 ? std::atof(words[1]) : 0, mib << 20);
}
