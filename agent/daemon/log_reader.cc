#include "agent/daemon/log_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <vector>

#include "agent/daemon/beneath.h"

namespace gusu::agent {
namespace {

constexpr std::int64_t kChunkBytes = std::int64_t{64} << 10;
constexpr int kMostUnsent = 4;
constexpr auto kLookAgain = std::chrono::milliseconds(50);
// A read may overtake the order that brings its task.
constexpr auto kUnknownPatience = std::chrono::seconds(2);

// What the supervisor notes beside the log once its limit is reached.
std::int64_t dropped_from(const std::filesystem::path& logs, std::filesystem::path name) {
    const auto file = open_file_beneath(logs, name += ".dropped");
    char text[24] = {};
    const bool was_read = file && ::pread(file->get(), text, sizeof text - 1, 0) > 0;
    return was_read ? std::strtoll(text, nullptr, 10) : 0;
}

std::int64_t size_of(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_size : 0;
}

// Where the last `lines` lines begin. A line without its end counts as one.
std::int64_t tail_offset(int fd, std::int64_t size, int lines) {
    std::vector<char> block(static_cast<std::size_t>(kChunkBytes));
    std::int64_t ends = 0;
    for (std::int64_t end = size; end > 0;) {
        const std::int64_t begin = std::max<std::int64_t>(0, end - kChunkBytes);
        const ssize_t got = ::pread(fd, block.data(), static_cast<std::size_t>(end - begin), begin);
        for (ssize_t i = got - 1; i >= 0; --i) {
            const std::int64_t place = begin + i;
            const bool is_end_of_earlier_line =
                block[static_cast<std::size_t>(i)] == '\n' && place != size - 1;
            if (is_end_of_earlier_line && ++ends == lines) {
                return place + 1;
            }
        }
        end = begin;
    }
    return 0;
}

}  // namespace

struct LogReader::Read {
    std::uint64_t id = 0;
    LogName name;
    v1::LogStream stream = v1::LOG_STREAM_OUTPUT;
    std::int64_t offset = 0;
    int tail_lines = 0;
    bool follow = false;
    EventLoop::Clock::time_point began;
    Descriptor file;
    int unsent = 0;
};

LogReader::LogReader(EventLoop& loop, std::filesystem::path logs, StateOf state_of, Send send)
    : loop_(loop), logs_(std::move(logs)), state_of_(std::move(state_of)), send_(std::move(send)) {}

LogReader::~LogReader() = default;

void LogReader::read(const v1::LogRead& request) {
    auto read = std::make_shared<Read>();
    read->id = request.read_id();
    read->name = {.job_id = request.job_id(), .attempt = request.attempt(), .task = request.task()};
    read->stream =
        request.stream() == v1::LOG_STREAM_ERROR ? v1::LOG_STREAM_ERROR : v1::LOG_STREAM_OUTPUT;
    read->offset = std::max<std::int64_t>(0, request.offset());
    read->tail_lines = request.tail_lines();
    read->follow = request.follow();
    read->began = EventLoop::Clock::now();
    reads_[read->id] = read;
    go_on(*read);
}

// Sends what there is and there is room for. What is over is looked at before the file, so that
// nothing written before the end is missed.
void LogReader::go_on(Read& read) {
    const Tasks::LogState state = state_of_(read.name);
    if (!read.file.open() && !open(read)) {
        const bool may_come = state == Tasks::LogState::Growing ||
                              EventLoop::Clock::now() - read.began < kUnknownPatience;
        if (state == Tasks::LogState::Whole ||
            (state == Tasks::LogState::Growing && !read.follow)) {
            end(read, "");
        } else if (read.follow && may_come) {
            look_again();
        } else {
            end(read, "this node has no log of task " + std::to_string(read.name.task) +
                          " of job " + std::to_string(read.name.job_id) + ", attempt " +
                          std::to_string(read.name.attempt) +
                          "; logs of ended tasks go after keep_logs_for");
        }
        return;
    }
    while (read.unsent < kMostUnsent && send_chunk(read)) {
    }
    if (read.unsent >= kMostUnsent) {
        return;
    }
    if (read.follow && state == Tasks::LogState::Growing) {
        look_again();
    } else {
        end(read, "");
    }
}

bool LogReader::open(Read& read) {
    auto file = open_file_beneath(logs_, log_file("", read.name, read.stream));
    if (!file) {
        return false;
    }
    read.file = std::move(*file);
    if (read.file.open() && read.tail_lines > 0) {
        const int fd = read.file.get();
        read.offset = tail_offset(fd, size_of(fd), read.tail_lines);
    }
    return read.file.open();
}

// False at the end of the file.
bool LogReader::send_chunk(Read& read) {
    std::string bytes(static_cast<std::size_t>(kChunkBytes), '\0');
    const ssize_t got = ::pread(read.file.get(), bytes.data(), bytes.size(), read.offset);
    if (got <= 0) {
        return false;
    }
    bytes.resize(static_cast<std::size_t>(got));
    v1::LogChunk chunk;
    chunk.set_read_id(read.id);
    chunk.set_offset(read.offset);
    chunk.set_data(std::move(bytes));
    chunk.set_dropped(dropped_from(logs_, log_file("", read.name, read.stream)));
    read.offset += got;
    ++read.unsent;
    send_(std::move(chunk),
          [this, id = read.id, held = std::weak_ptr(reads_.at(read.id))] { left(id, held); });
    return true;
}

void LogReader::left(std::uint64_t read_id, std::weak_ptr<Read> read) {
    const auto found = reads_.find(read_id);
    const auto held = read.lock();
    if (found == reads_.end() || held != found->second) {
        return;
    }
    const bool waited = held->unsent >= kMostUnsent;
    --held->unsent;
    if (waited) {
        go_on(*held);
    }
}

// `read` is gone after it.
void LogReader::end(const Read& read, const std::string& error) {
    v1::LogChunk chunk;
    chunk.set_read_id(read.id);
    chunk.set_offset(read.offset);
    chunk.set_end(true);
    chunk.set_error(error);
    reads_.erase(read.id);
    send_(std::move(chunk), nullptr);
}

void LogReader::look_again() {
    if (std::exchange(will_look_, true)) {
        return;
    }
    loop_.after(kLookAgain, [this] {
        will_look_ = false;
        std::vector<std::shared_ptr<Read>> all;
        for (const auto& [id, read] : reads_) {
            all.push_back(read);
        }
        for (const auto& read : all) {
            if (read->unsent < kMostUnsent) {
                go_on(*read);
            }
        }
    });
}

}  // namespace gusu::agent
