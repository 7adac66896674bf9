// The tables of the journal file, and their version.
#pragma once

#include "scheduler/store/sqlite.h"

namespace gusu::store {

// Makes the tables of a new file. Refuses a file of a newer version, or of another program.
Status prepare_schema(sqlite3* database);

}  // namespace gusu::store
