// The cards of this machine, as CUDA sees them.
#pragma once

#include <string>
#include <vector>

#include "agent/gpucheck/report.h"

namespace gusu::gpucheck {

// To be called before anything else of CUDA: cards are counted as nvidia-smi counts them, and all
// code is on the card before its memory is full.
void prepare_cuda();

// "13.0"; empty without a driver.
std::string newest_cuda_of_driver();

Result<std::vector<CardFacts>> find_cards();

// What follows on this thread is for this card.
Status use_card(int index);
// Ends all that this process has on the current card.
void leave_card();

}  // namespace gusu::gpucheck
