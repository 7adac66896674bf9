// A folder that is there for one test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

#include "scheduler/base/check.h"

namespace gusu {

class ScratchFolder {
public:
    ScratchFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "gusu_store_XXXXXX").string();
        check(mkdtemp(name.data()) != nullptr, "a scratch folder can be made");
        path_ = name;
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace gusu
