#include "agent/gpucheck/problem.h"

namespace gusu::gpucheck {
namespace {

struct Meaning {
    int number;
    ErrorCode code;
    const char* remedy;
};

constexpr Meaning kMeanings[] = {
    {2, ErrorCode::Unavailable, "end what uses the card, nvidia-smi shows it"},
    {3, ErrorCode::NotFound, "look whether nvidia-smi works, and whether /dev/nvidia-uvm is there"},
    {34, ErrorCode::NotFound, "the driver's library is a stub; install the driver"},
    {35, ErrorCode::NotFound, "no driver of NVIDIA, or one older than this program; install one"},
    {36, ErrorCode::NotFound, "this card needs a newer driver"},
    {46, ErrorCode::Unavailable,
     "the card is used by somebody else, or its compute mode forbids it"},
    {100, ErrorCode::NotFound,
     "look whether nvidia-smi sees one, and what CUDA_VISIBLE_DEVICES says"},
    {101, ErrorCode::NotFound, "gusu-gpucheck --list shows the cards"},
    {214, ErrorCode::Internal,
     "memory has an error that ECC cannot mend; take the card out of use"},
    {209, ErrorCode::NotFound, "this card is older than Ampere, and not for this program"},
    {802, ErrorCode::NotFound, "NVSwitch is not ready; is nvidia-fabricmanager running?"},
    {803, ErrorCode::NotFound,
     "library and kernel module of the driver differ; restart the machine"},
    {804, ErrorCode::NotFound, "this card does not work with the driver's compatibility libraries"},
};
constexpr const char* kLost = "the card or its driver failed; dmesg may tell (NVRM, Xid)";

}  // namespace

Error to_error(const CudaFailure& failure, const std::string& doing) {
    Meaning meaning{failure.number, ErrorCode::Internal, kLost};
    for (const Meaning& known : kMeanings) {
        if (known.number == failure.number) {
            meaning = known;
        }
    }
    return {meaning.code, "cannot " + doing + ": " + failure.text + " (CUDA error " +
                              std::to_string(failure.number) + "): " + meaning.remedy};
}

}  // namespace gusu::gpucheck
