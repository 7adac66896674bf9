#include "agent/supervisor/stop_notice.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "agent/supervisor/descriptor.h"

namespace gusu::agent {
namespace {

constexpr const char* kName = "stop-requested";
constexpr std::string_view kFirstWord = "incarnation=";

Error notice_error(const std::string& what, const std::string& folder) {
    return {ErrorCode::Internal,
            "cannot " + what + " " + folder + "/" + kName + ": " + std::strerror(errno)};
}

Descriptor open_folder(const std::string& folder) {
    return Descriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// Nothing that a shell would read as more than a word.
std::string word_of(const std::string& reason) {
    const bool is_word = !reason.empty() && std::ranges::all_of(reason, [](char c) {
        return (c >= 'A' && c <= 'Z') || c == '_';
    });
    return is_word ? reason : "STOPPED";
}

}  // namespace

Status write_stop_notice(const std::string& folder, const std::string& writer,
                         const StopNotice& notice) {
    const Descriptor directory = open_folder(folder);
    const std::string temporary = std::string(".") + kName + "." + writer;
    unlinkat(directory.get(), temporary.c_str(), 0);
    const Descriptor file(openat(directory.get(), temporary.c_str(),
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
    if (!directory.open() || !file.open()) {
        return notice_error("make", folder);
    }
    const auto deadline =
        std::chrono::duration_cast<std::chrono::seconds>(notice.deadline.time_since_epoch());
    const std::string text = std::string(kFirstWord) + notice.incarnation +
                             "\nreason=" + word_of(notice.reason) +
                             "\ndeadline=" + std::to_string(deadline.count()) + "\n";
    const bool written =
        fchmod(file.get(), 0644) == 0 &&
        write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        renameat(directory.get(), temporary.c_str(), directory.get(), kName) == 0;
    return written ? Status(Done{}) : notice_error("write", folder);
}

void remove_old_stop_notice(const std::string& folder, const std::string& incarnation) {
    const Descriptor directory = open_folder(folder);
    const Descriptor file(
        openat(directory.get(), kName, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!directory.open() || !file.open()) {
        return;
    }
    char buffer[256];
    const ssize_t got = read(file.get(), buffer, sizeof buffer);
    const std::string text(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
    if (!text.starts_with(std::string(kFirstWord) + incarnation + "\n")) {
        unlinkat(directory.get(), kName, 0);
    }
}

}  // namespace gusu::agent
