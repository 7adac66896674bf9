#include "proto/rpc/credentials.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "proto/text/yaml.h"

namespace gusu::rpc {
namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

Error system_error(const fs::path& file, const std::string& what, int number) {
    return Error{ErrorCode::Internal,
                 file.string() + ": " + what + ": " + std::generic_category().message(number)};
}

// With all folders above it; those that are new are for their owner alone.
Status make_folder(const fs::path& folder) {
    struct stat found{};
    if (folder.empty() || ::stat(folder.c_str(), &found) == 0) {
        return Done{};
    }
    if (Status parent = make_folder(folder.parent_path()); !parent) {
        return parent;
    }
    if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
        return system_error(folder, "cannot be created", errno);
    }
    return Done{};
}

// 0, or errno.
int write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
    return ::fsync(descriptor) == 0 ? 0 : errno;
}

// A rename is on disk once its folder is.
void sync_folder(const fs::path& folder) {
    const int descriptor =
        ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        ::fsync(descriptor);
        ::close(descriptor);
    }
}

Status replace_file(const fs::path& file, std::string_view text) {
    // mkostemp creates with mode 0600.
    std::string temporary = file.string() + ".XXXXXX";
    const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (descriptor < 0) {
        return system_error(file, "cannot be written", errno);
    }
    int failed = write_all(descriptor, text);
    ::close(descriptor);
    if (failed == 0 && ::rename(temporary.c_str(), file.c_str()) != 0) {
        failed = errno;
    }
    if (failed != 0) {
        ::unlink(temporary.c_str());
        return system_error(file, "cannot be written", failed);
    }
    sync_folder(file.parent_path());
    return Done{};
}

}  // namespace

fs::path credentials_file() {
    if (const std::string file = environment("GUSU_CREDENTIALS"); !file.empty()) {
        return file;
    }
    const std::string config = environment("XDG_CONFIG_HOME");
    const fs::path folder =
        config.empty() ? fs::path(environment("HOME")) / ".config" : fs::path(config);
    return folder / "gusu" / "credentials.yaml";
}

Result<config::v1::Credentials> read_credentials(const fs::path& file) {
    struct stat found{};
    if (::stat(file.c_str(), &found) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return Error{ErrorCode::NotFound, file.string() + ": no credentials; run `gusu login`"};
        }
        return system_error(file, "cannot be read", errno);
    }
    if ((found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return Error{
            ErrorCode::FailedPrecondition,
            file.string() +
                ": others than its owner may use it, and it holds a token; run `chmod 600 " +
                file.string() + "`"};
    }
    config::v1::Credentials credentials;
    if (const Status read = text::read_yaml_file(file, credentials); !read) {
        return read.error();
    }
    return credentials;
}

Status write_credentials(const fs::path& file, const config::v1::Credentials& credentials) {
    if (Status folder = make_folder(file.parent_path()); !folder) {
        return folder;
    }
    return replace_file(file, text::write_yaml(credentials));
}

Endpoint to_endpoint(const config::v1::Credentials& credentials) {
    const std::string scheduler = environment("GUSU_SCHEDULER");
    return Endpoint{.target = scheduler.empty() ? credentials.scheduler() : scheduler,
                    .authority = credentials.authority(),
                    .certificate = "",
                    .key = "",
                    .token = credentials.token()};
}

}  // namespace gusu::rpc
