# shellcheck shell=bash
# Of tests/gpu/run and tests/gpu/bundle: the CUDA programs that the jobs run.

# ROOT FOLDER: builds them into FOLDER, for Ampere, Hopper and (by PTX) what came after.
build_cuda_programs() {
    local nvcc source
    nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
    [[ -x $nvcc ]] || die "no nvcc in PATH or /usr/local/cuda/bin; use --bundle with programs built elsewhere"
    mkdir -p "$2"
    for source in "$1/tests/gpu/programs/"{load,fault}.cu "$1/deploy/examples/cuda/vector_add.cu"; do
        "$nvcc" -std=c++17 -O2 -cudart static -gencode arch=compute_80,code=sm_80 \
            -gencode 'arch=compute_90,code=[sm_90,compute_90]' -o "$2/$(basename "$source" .cu)" "$source"
    done
}
