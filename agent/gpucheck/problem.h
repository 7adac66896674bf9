// What it means when a call into CUDA fails.
//
// Errors of this program carry the meaning in their code: InvalidArgument: the words of the command
// are wrong; NotFound: there is no driver or no such card; Unavailable: somebody else uses the
// card; Internal: card or driver failed, and nothing may be trusted to them.
#pragma once

#include <string>

#include "scheduler/base/result.h"

namespace gusu::gpucheck {

// A cudaError_t by number (they never change), with the text that CUDA has for it.
struct CudaFailure {
    int number = 0;
    std::string text;
};

// `doing`: "fill memory", for the message.
Error to_error(const CudaFailure& failure, const std::string& doing);

}  // namespace gusu::gpucheck
