// LD_PRELOAD: a disk under SQLite that fails. While the file that GUSU_FIRE_DISK names is there,
// EIO is what its databases get: from writes if the file says "write", else from syncs. A sync that
// fails has not written what the program believes to be written.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

bool is_database(int file) {
    char link[64] = "/proc/self/fd/";
    char* end = link + std::strlen(link);
    char digits[16];
    int count = 0;
    for (int rest = file; count == 0 || rest > 0; rest /= 10) {
        digits[count++] = static_cast<char>('0' + rest % 10);
    }
    while (count > 0) {
        *end++ = digits[--count];
    }
    char path[4096] = {};
    return readlink(link, path, sizeof path - 1) > 0 && std::strstr(path, ".sqlite") != nullptr;
}

// 'w' or 's': what fails now. 0: nothing.
char failing() {
    const char* name = std::getenv("GUSU_FIRE_DISK");
    const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return 0;
    }
    char what = 0;
    const bool is_read = read(file, &what, 1) == 1;
    close(file);
    return is_read ? what : 0;
}

bool fails(char what, int file) {
    const int before = errno;
    const bool now = failing() == what && is_database(file);
    errno = now ? EIO : before;
    return now;
}

template <typename Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int fsync(int file) {
    static auto* const next = real<int(int)>("fsync");
    return fails('s', file) ? -1 : next(file);
}

int fdatasync(int file) {
    static auto* const next = real<int(int)>("fdatasync");
    return fails('s', file) ? -1 : next(file);
}

ssize_t pwrite(int file, const void* data, size_t size, off_t at) {
    static auto* const next = real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
    return fails('w', file) ? -1 : next(file, data, size, at);
}

ssize_t pwrite64(int file, const void* data, size_t size, off64_t at) {
    static auto* const next = real<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
    return fails('w', file) ? -1 : next(file, data, size, at);
}

ssize_t write(int file, const void* data, size_t size) {
    static auto* const next = real<ssize_t(int, const void*, size_t)>("write");
    return fails('w', file) ? -1 : next(file, data, size);
}

}  // extern "C"
