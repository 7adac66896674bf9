// A task that bears witness: it writes into FOLDER/JOB.INCARNATION.RANK when it starts, every 20 ms
// while it is there, and when it ends, by the clock that counts from boot. What is killed writes no
// end; its last beat says until when it was there for certain.
//
//   gusu-fire-witness FOLDER MILLISECONDS EXIT_CODE [leave-behind]
//
// leave-behind: a child in a session of its own goes on beating after the end, for ever.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>

namespace {

constexpr long kMillion = 1'000'000;
constexpr long kBeatMilliseconds = 20;

long since_boot_ns() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000 * kMillion + now.tv_nsec;
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : "-";
}

class Witness {
public:
    // The scratch folder is named for incarnation and rank: "17.0".
    explicit Witness(const std::string& folder) {
        const std::string task = std::filesystem::path(variable("GUSU_SCRATCH_DIR")).filename();
        const std::string file = folder + "/" + variable("GUSU_JOB_ID") + "." + task;
        file_ = open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (file_ < 0) {
            std::perror(file.c_str());
            std::_Exit(70);
        }
    }

    void write_line(const std::string& what) const {
        const std::string line = what + "\n";
        if (write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
            std::_Exit(71);
        }
    }

    void beat_until(long end_ns) const {
        while (since_boot_ns() < end_ns) {
            write_line("beat " + std::to_string(since_boot_ns()));
            poll(nullptr, 0, kBeatMilliseconds);
        }
    }

private:
    int file_ = -1;
};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fprintf(stderr, "usage: gusu-fire-witness FOLDER MILLISECONDS EXIT_CODE\n");
        return 64;
    }
    const Witness witness(argv[1]);
    witness.write_line("start " + std::to_string(since_boot_ns()) + " " +
                       variable("GUSU_NODELIST") + " " + variable("GUSU_NODE_RANK") + " " +
                       variable("GUSU_SIMULATED_DEVICES") + " " + std::to_string(getpid()));
    if (argc > 4 && fork() == 0) {
        setsid();
        for (;;) {
            witness.beat_until(since_boot_ns() + 1000 * kMillion);
        }
    }
    witness.beat_until(since_boot_ns() + std::atol(argv[2]) * kMillion);
    witness.write_line("end " + std::to_string(since_boot_ns()) + " " + argv[3]);
    return std::atoi(argv[3]);
}
