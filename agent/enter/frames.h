// What passes over a socket between the agent and a program that it starts in a task, or that a
// task starts by it: a byte for the kind, four for the length (low one first), and the content.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gusu::agent {

enum class FrameKind : char {
    // Towards the program.
    Request = 'r',  // the first, and only it; see request.h
    Data = 'd',     // both ways: stdin, and stdout or the terminal
    NothingMore = 'n',
    Resize = 'w',  // "ROWS COLUMNS"
    Signal = 's',  // its number
    // From it.
    Started = 'a',
    ErrorData = 'e',
    End = 'z',      // "EXIT_CODE SIGNAL"
    Failure = 'f',  // why it does not run
    NotYet = 'y',   // the same, where it is worth another try
};

struct Frame {
    FrameKind kind = FrameKind::Data;
    std::string content;
};

inline constexpr std::size_t kMostFrame = std::size_t{1} << 20;
// Of Data and ErrorData.
inline constexpr std::size_t kMostFrameData = std::size_t{32} << 10;

std::string to_bytes(FrameKind kind, std::string_view content = {});

// Takes bytes as they come, cut anywhere.
class FrameReader {
public:
    void add(std::string_view bytes) { bytes_ += bytes; }
    // The next that is there as a whole.
    std::optional<Frame> next();
    // What came is none of ours: a frame too long, or of no kind.
    bool is_broken() const { return is_broken_; }

private:
    std::string bytes_;
    std::size_t taken_ = 0;
    bool is_broken_ = false;
};

// Two numbers with a blank between, as Resize and End have them. Nothing if that is not what it is.
struct TwoNumbers {
    int first = 0;
    int second = 0;
};
std::optional<TwoNumbers> two_numbers(std::string_view text);

// Over a socket that blocks.
//
// False if the other side is gone.
bool send_frame(int socket, FrameKind kind, std::string_view content = {});
// Nothing at the end, or if what comes is broken.
std::optional<Frame> receive_frame(int socket, FrameReader& reader);

}  // namespace gusu::agent
