// Writes where it has no memory: the driver ends it and tells of an XID (31, or 13), as it does of
// any program with such a mistake. Prints what CUDA says of it.
#include <cstdio>

namespace {

__global__ void write_to(int* nowhere) { nowhere[threadIdx.x] = 1; }

}  // namespace

int main() {
    write_to<<<1, 32>>>(reinterpret_cast<int*>(0x10));
    const cudaError_t result = cudaDeviceSynchronize();
    std::printf("CUDA says: %s\n", cudaGetErrorString(result));
    return result == cudaSuccess ? 1 : 0;
}
