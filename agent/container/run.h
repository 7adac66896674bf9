// The life of one container, from the image to its exit code. The caller's streams are its streams,
// the caller's signals its signals.
#pragma once

#include <filesystem>

#include "agent/container/order.h"

namespace gusu::agent {

// To be called before any thread is started: signals that are meant for the container are held.
void hold_container_signals();

// Does what DIRECTORY/container.json says. What the program exits with, 128 + N if signal N ended
// it; 125 if it never ran, the reason is then in DIRECTORY/container-error. Nothing of the
// container is left.
int run_container(const std::filesystem::path& directory);

}  // namespace gusu::agent
