// What is done to a whole store, beside the scheduler: backup, restore, migration, examination.
// What they give is a sentence for the administrator.
#pragma once

#include <filesystem>
#include <string>

#include "gusu/config/v1/scheduler.pb.h"
#include "scheduler/base/result.h"

namespace gusu::service {

// `config` is complete. A backup is a journal file as SQLite keeps it, whole or not there; the
// scheduler may go on meanwhile.
Result<std::string> back_up(const config::v1::SchedulerConfig& config,
                            const std::filesystem::path& backup);

// Into a store that is empty. The platform is that of the backup, and what came after it is
// forgotten, but nothing that may have been given out since is given out again: job ids go on far
// above, and agents know by the epoch that this leader is a later one.
Result<std::string> restore(const config::v1::SchedulerConfig& config,
                            const std::filesystem::path& backup);

// From the SQLite journal of state_dir, which no scheduler may have open, to PostgreSQL, which must
// be empty. The file is renamed, so that nobody goes on with it.
Result<std::string> migrate(const config::v1::SchedulerConfig& config);

// Reads everything there is; changes nothing.
Result<std::string> verify(const config::v1::SchedulerConfig& config);

}  // namespace gusu::service
