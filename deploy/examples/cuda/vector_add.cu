// Adds two vectors on every GPU the job was given, checks each sum on the host, and says how fast
// it was.
//
//     nvcc -std=c++17 -O2 -o vector_add vector_add.cu
#include <cstdio>
#include <vector>

namespace {

constexpr int kCount = 1 << 26;
constexpr int kThreads = 256;
constexpr int kRounds = 20;

__global__ void add(const float* a, const float* b, float* sum, int count) {
    const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < count) {
        sum[i] = a[i] + b[i];
    }
}

bool succeeded(cudaError_t result, const char* what) {
    if (result != cudaSuccess) {
        std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(result));
    }
    return result == cudaSuccess;
}

// Milliseconds of one round; below 0 if the device failed.
float timed_add(const float* a, const float* b, float* sum) {
    cudaEvent_t began, ended;
    float milliseconds = -1;
    if (!succeeded(cudaEventCreate(&began), "event") ||
        !succeeded(cudaEventCreate(&ended), "event")) {
        return milliseconds;
    }
    cudaEventRecord(began);
    for (int round = 0; round < kRounds; ++round) {
        add<<<(kCount + kThreads - 1) / kThreads, kThreads>>>(a, b, sum, kCount);
    }
    cudaEventRecord(ended);
    if (!succeeded(cudaEventSynchronize(ended), "add") ||
        !succeeded(cudaEventElapsedTime(&milliseconds, began, ended), "time")) {
        return -1;
    }
    cudaEventDestroy(began);
    cudaEventDestroy(ended);
    return milliseconds / kRounds;
}

int wrong_sums(const std::vector<float>& a, const std::vector<float>& b,
               const std::vector<float>& sum) {
    int wrong = 0;
    for (int i = 0; i < kCount; ++i) {
        wrong += sum[i] != a[i] + b[i] ? 1 : 0;
    }
    return wrong;
}

bool run_on(int device) {
    std::vector<float> a(kCount), b(kCount), sum(kCount);
    for (int i = 0; i < kCount; ++i) {
        a[i] = static_cast<float>(i % 1000);
        b[i] = static_cast<float>(i % 777);
    }
    const size_t bytes = kCount * sizeof(float);
    float* on_device[3] = {};
    bool right = succeeded(cudaSetDevice(device), "device");
    for (float*& pointer : on_device) {
        right = right && succeeded(cudaMalloc(&pointer, bytes), "memory");
    }
    right = right &&
            succeeded(cudaMemcpy(on_device[0], a.data(), bytes, cudaMemcpyHostToDevice), "copy");
    right = right &&
            succeeded(cudaMemcpy(on_device[1], b.data(), bytes, cudaMemcpyHostToDevice), "copy");
    const float milliseconds = right ? timed_add(on_device[0], on_device[1], on_device[2]) : -1;
    right = right && milliseconds > 0 &&
            succeeded(cudaMemcpy(sum.data(), on_device[2], bytes, cudaMemcpyDeviceToHost), "copy");
    for (float* pointer : on_device) {
        cudaFree(pointer);
    }
    const int wrong = right ? wrong_sums(a, b, sum) : kCount;
    cudaDeviceProp properties{};
    cudaGetDeviceProperties(&properties, device);
    std::printf("GPU %d, %s: %d sums, %d wrong, %.3f ms, %.0f GB/s\n", device, properties.name,
                kCount, wrong, milliseconds,
                milliseconds > 0 ? 3 * bytes / 1e6 / milliseconds : 0.0);
    return wrong == 0;
}

}  // namespace

int main() {
    int count = 0;
    if (!succeeded(cudaGetDeviceCount(&count), "no GPU to be seen; submit with --gpus 1")) {
        return 1;
    }
    bool right = count > 0;
    for (int device = 0; device < count; ++device) {
        right = run_on(device) && right;
    }
    return right ? 0 : 1;
}
