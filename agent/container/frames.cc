#include "agent/container/frames.h"

#include <algorithm>

namespace gusu::agent {

void Frames::add(std::string_view piece) {
    while (!piece.empty()) {
        if (left_ > 0) {
            const std::size_t part = std::min(left_, piece.size());
            hear_(stream_, piece.substr(0, part));
            left_ -= part;
            piece.remove_prefix(part);
            continue;
        }
        const std::size_t missing = std::min(kHeader - header_.size(), piece.size());
        header_.append(piece.substr(0, missing));
        piece.remove_prefix(missing);
        if (header_.size() == kHeader) {
            stream_ = header_[0] == 2 ? Stream::Error : Stream::Output;
            for (std::size_t i = 4; i < kHeader; ++i) {
                left_ = left_ << 8 | static_cast<unsigned char>(header_[i]);
            }
            header_.clear();
        }
    }
}

}  // namespace gusu::agent
