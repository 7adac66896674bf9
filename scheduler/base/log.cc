#include "scheduler/base/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace gusu {
namespace {

// Lines that say the same, whatever their "key=value" pairs, are shown this often in one window;
// the rest is counted and told in one line afterwards.
constexpr int kShownPerWindow = 20;
constexpr std::chrono::seconds kWindow{10};
constexpr std::size_t kMostKinds = 1000;

// The message without its "key=value" pairs.
std::string_view kind_of(std::string_view line) {
    const std::size_t pair = line.find('=');
    if (pair == std::string_view::npos) {
        return line;
    }
    const std::size_t space = line.rfind(' ', pair);
    return line.substr(0, space == std::string_view::npos ? pair : space);
}

class FoldingSink final : public spdlog::sinks::base_sink<std::mutex> {
public:
    ~FoldingSink() override { tell_folded(last_.time); }

protected:
    void sink_it_(const spdlog::details::log_msg& line) override {
        if (line.time - window_began_ > kWindow || kinds_.size() >= kMostKinds) {
            tell_folded(line.time);
            kinds_.clear();
            window_began_ = line.time;
        }
        const std::string_view payload(line.payload.data(), line.payload.size());
        Kind& kind = kinds_[std::string(kind_of(payload))];
        ++kind.lines;
        kind.level = line.level;
        last_.time = line.time;
        last_.program.assign(line.logger_name.data(), line.logger_name.size());
        if (kind.lines <= kShownPerWindow) {
            stderr_.log(line);
        }
    }

    void flush_() override { stderr_.flush(); }
    void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
        stderr_.set_formatter(std::move(formatter));
    }
    void set_pattern_(const std::string& pattern) override {
        set_formatter_(
            std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    }

private:
    struct Kind {
        std::int64_t lines = 0;
        spdlog::level::level_enum level = spdlog::level::info;
    };
    struct Last {
        spdlog::log_clock::time_point time;
        std::string program;
    };

    void tell_folded(spdlog::log_clock::time_point now) {
        for (const auto& [text, kind] : kinds_) {
            if (kind.lines > kShownPerWindow) {
                const std::string line =
                    text + " folded=" + std::to_string(kind.lines - kShownPerWindow);
                stderr_.log(spdlog::details::log_msg(now, spdlog::source_loc{}, last_.program,
                                                     kind.level, line));
            }
        }
    }

    spdlog::sinks::stderr_sink_mt stderr_;
    std::map<std::string, Kind> kinds_;
    spdlog::log_clock::time_point window_began_;
    Last last_;
};

}  // namespace

void open_log(const std::string& program, const std::string& level) {
    auto sink = std::make_shared<FoldingSink>();
    auto log = std::make_shared<spdlog::logger>(program, std::move(sink));
    log->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%dT%H:%M:%S.%eZ %l %n: %v", spdlog::pattern_time_type::utc));
    const spdlog::level::level_enum known = spdlog::level::from_str(level);
    const bool is_known = known != spdlog::level::off || level == "off";
    log->set_level(is_known ? known : spdlog::level::info);
    spdlog::set_default_logger(log);
    if (!is_known) {
        log->warn("unknown log level, using info level={}", level);
    }
}

}  // namespace gusu
