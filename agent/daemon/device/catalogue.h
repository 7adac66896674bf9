// What the platform's catalogue says of accelerators, as far as an agent has to know it.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "gusu/v1/accelerator.pb.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

class Catalogue {
public:
    Catalogue() = default;
    // An error names what is wrong in the file.
    static Result<Catalogue> read(const std::filesystem::path& file);

    // nullptr: it is not in the catalogue.
    const v1::Accelerator* accelerator(const std::string& name) const;
    // What a device plugin's resource is called, "" if nothing says so. `configured` wins.
    std::string name_of_resource(const std::string& resource,
                                 const std::map<std::string, std::string>& configured) const;

private:
    std::map<std::string, v1::Accelerator> accelerators_;
    std::map<std::string, std::string> resources_;
};

}  // namespace gusu::agent
