// A file that is there for one test.
#pragma once

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "scheduler/base/check.h"

namespace gusu::sim {

class ScratchFile {
public:
    explicit ScratchFile(const std::string& text, const std::string& name = "jobs.csv") {
        std::string folder = (std::filesystem::temp_directory_path() / "gusu_sim_XXXXXX").string();
        check(mkdtemp(folder.data()) != nullptr, "a scratch folder can be made");
        folder_ = folder;
        path_ = (folder_ / name).string();
        if (name.ends_with(".gz")) {
            const gzFile file = gzopen(path_.c_str(), "wb");
            gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
            gzclose(file);
        } else {
            std::ofstream(path_, std::ios::binary) << text;
        }
    }
    ~ScratchFile() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;

    const std::string& path() const { return path_; }

    // The message without the folder, which differs from run to run.
    std::string without_folder(std::string message) const {
        const std::string folder = folder_.string() + "/";
        const std::size_t at = message.find(folder);
        return at == std::string::npos ? message : message.erase(at, folder.size());
    }

private:
    std::filesystem::path folder_;
    std::string path_;
};

}  // namespace gusu::sim
