// Scripts as sbatch knows them: options in "#SBATCH" or "#GUSU" lines above the first command.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scheduler/base/result.h"
#include "tools/gusu/submit_options.h"

namespace gusu::cli {

// The words of a line as a shell would split them: quotes and backslashes count, nothing else does.
std::vector<std::string> split_words(std::string_view line);

// The options in the script's lines. An unknown directive or a missing value is an error that names
// file, line and directive. A "#SBATCH" after the first command is text, as with sbatch.
Result<SubmitOptions> read_script_options(std::string_view script, std::string_view file_name);

}  // namespace gusu::cli
