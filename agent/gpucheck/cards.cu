#include <cstdio>
#include <cstdlib>

#include "agent/gpucheck/cards.h"
#include "agent/gpucheck/cuda_call.h"

namespace gusu::gpucheck {
namespace {

std::string uuid_text(const cudaUUID_t& uuid) {
    std::string text = "GPU-";
    for (int i = 0; i < 16; ++i) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x",
                      static_cast<unsigned>(static_cast<unsigned char>(uuid.bytes[i])));
        text += i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";
        text += digits;
    }
    return text;
}

Result<CardFacts> facts_of(int index) {
    cudaDeviceProp properties{};
    const Status told = done(cudaGetDeviceProperties(&properties, index),
                             "ask for the properties of card " + std::to_string(index));
    if (!told) {
        return told.error();
    }
    char pci[32];
    std::snprintf(pci, sizeof pci, "%04x:%02x:%02x.0", properties.pciDomainID, properties.pciBusID,
                  properties.pciDeviceID);
    return CardFacts{.index = index,
                     .uuid = uuid_text(properties.uuid),
                     .name = properties.name,
                     .pci = pci,
                     .memory = static_cast<std::int64_t>(properties.totalGlobalMem),
                     .multiprocessors = properties.multiProcessorCount,
                     .compute_capability =
                         std::to_string(properties.major) + "." + std::to_string(properties.minor)};
}

}  // namespace

void prepare_cuda() {
    setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", /*overwrite=*/1);
    setenv("CUDA_MODULE_LOADING", "EAGER", /*overwrite=*/1);
}

std::string newest_cuda_of_driver() {
    int version = 0;
    if (cudaDriverGetVersion(&version) != cudaSuccess || version == 0) {
        return "";
    }
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

Result<std::vector<CardFacts>> find_cards() {
    int count = 0;
    if (const Status counted = done(cudaGetDeviceCount(&count), "find cards"); !counted) {
        return counted.error();
    }
    std::vector<CardFacts> cards;
    for (int index = 0; index < count; ++index) {
        const auto facts = facts_of(index);
        if (!facts) {
            return facts.error();
        }
        cards.push_back(*facts);
    }
    return cards;
}

Status use_card(int index) {
    const std::string doing = "use card " + std::to_string(index);
    const Status chosen = done(cudaSetDevice(index), doing);
    return chosen ? done(cudaFree(nullptr), doing) : chosen;
}

void leave_card() { cudaDeviceReset(); }

}  // namespace gusu::gpucheck
