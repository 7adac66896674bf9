#include "scheduler/service/rpc/first_start.h"

#include <future>
#include <set>

#include "proto/rpc/credentials.h"
#include "scheduler/base/log.h"
#include "scheduler/service/identity/secrets.h"

namespace gusu::service {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdministrator = "admin";

// Hashes of the administrator's tokens; nothing if nobody has a role yet.
std::optional<std::set<std::string>> tokens_of_administrator(Engine& engine) {
    std::promise<std::optional<std::set<std::string>>> read;
    engine.read([&read](core::Scheduler& scheduler, Time) -> Release {
        std::optional<std::set<std::string>> hashes;
        const core::Directory& directory = scheduler.state().directory();
        if (!directory.grants.empty()) {
            hashes.emplace();
        }
        for (const auto& [id, token] : directory.tokens) {
            if (hashes && token.user == kAdministrator) {
                hashes->insert(token.hash);
            }
        }
        return [&read, hashes](const Status&) { read.set_value(hashes); };
    });
    return read.get_future().get();
}

Status post(Engine& engine, core::FoundPlatform command) {
    std::promise<Status> done;
    engine.post(std::move(command), Sender::Client,
                [&done](core::Scheduler&, const Result<core::Events>& events, Time) -> Release {
                    const Status outcome = events ? Status(Done{}) : Status(events.error());
                    return [&done, outcome](const Status& durable) {
                        done.set_value(outcome && !durable ? durable : outcome);
                    };
                });
    return done.get_future().get();
}

Status rename_to(const fs::path& from, const fs::path& to) {
    std::error_code error;
    fs::rename(from, to, error);
    if (error) {
        return Error{ErrorCode::Internal, to.string() + ": cannot be written: " + error.message()};
    }
    return Done{};
}

// A start that ended between the founding and the rename left the file under its first name.
Status finish_earlier_try(const std::set<std::string>& hashes, const fs::path& tentative,
                          const fs::path& file) {
    const auto left = rpc::read_credentials(tentative);
    if (!left || !hashes.contains(hash_secret(left->token()))) {
        return Done{};
    }
    return rename_to(tentative, file);
}

}  // namespace

Status found_platform(Engine& engine, const FirstStart& first) {
    const fs::path file = first.state_dir / "admin.credentials.yaml";
    const fs::path tentative = first.state_dir / "admin.credentials.yaml.new";
    if (const auto known = tokens_of_administrator(engine)) {
        return finish_earlier_try(*known, tentative, file);
    }
    const std::string secret = new_secret();
    config::v1::Credentials credentials;
    credentials.set_scheduler(first.scheduler);
    credentials.set_authority(first.authority);
    credentials.set_token(secret);
    if (Status written = rpc::write_credentials(tentative, credentials); !written) {
        return written;
    }
    core::FoundPlatform command;
    command.token.id = new_token_id();
    command.token.hash = hash_secret(secret);
    command.token.user = kAdministrator;
    if (Status founded = post(engine, std::move(command)); !founded) {
        return founded;
    }
    spdlog::info("the platform is founded, its administrator is user={} credentials={}",
                 kAdministrator, file.string());
    return rename_to(tentative, file);
}

}  // namespace gusu::service
