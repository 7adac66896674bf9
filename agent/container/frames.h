// The frames in which an attached container speaks: one byte for the stream (1 stdout, 2 stderr),
// three of zero, the length of what follows as four bytes, high one first.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "agent/container/engine.h"

namespace gusu::agent {

class Frames {
public:
    explicit Frames(std::function<void(Stream, std::string_view)> hear) : hear_(std::move(hear)) {}
    // Pieces as they come, cut anywhere.
    void add(std::string_view piece);

private:
    static constexpr std::size_t kHeader = 8;

    std::function<void(Stream, std::string_view)> hear_;
    std::string header_;
    Stream stream_ = Stream::Output;
    std::size_t left_ = 0;  // of the frame
};

}  // namespace gusu::agent
