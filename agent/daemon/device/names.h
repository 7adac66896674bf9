// What the vendors call their devices, as the catalogue calls them.
#pragma once

#include <string>
#include <string_view>

namespace gusu::agent {

// "NVIDIA H100 80GB HBM3" -> "nvidia-h100", "NVIDIA A100-SXM4-80GB" -> "nvidia-a100". Brands, form
// factors, kinds of memory and sizes are no part of a catalogue name; only the smaller A100 has its
// size in it.
std::string accelerator_of(std::string_view vendor_name);

}  // namespace gusu::agent
