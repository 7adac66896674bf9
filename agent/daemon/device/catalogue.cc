#include "agent/daemon/device/catalogue.h"

#include "gusu/config/v1/scheduler.pb.h"
#include "proto/text/yaml.h"

namespace gusu::agent {

Result<Catalogue> Catalogue::read(const std::filesystem::path& file) {
    // The same file as the scheduler's, which is a configuration with accelerators alone.
    config::v1::SchedulerConfig content;
    if (const Status read = text::read_yaml_file(file, content); !read) {
        return Error{read.error().code, "catalogue_file: " + read.error().message};
    }
    Catalogue catalogue;
    for (const v1::Accelerator& accelerator : content.accelerators()) {
        catalogue.accelerators_[accelerator.name()] = accelerator;
        for (const std::string& resource : accelerator.plugin_resources()) {
            const auto [other, is_new] = catalogue.resources_.emplace(resource, accelerator.name());
            if (!is_new) {
                return Error{ErrorCode::InvalidArgument,
                             file.string() + ": plugin_resources: " + resource +
                                 " stands at two accelerators, " + other->second + " and " +
                                 accelerator.name() +
                                 "; name it in device_plugins.resources of the nodes instead"};
            }
        }
    }
    return catalogue;
}

const v1::Accelerator* Catalogue::accelerator(const std::string& name) const {
    const auto found = accelerators_.find(name);
    return found == accelerators_.end() ? nullptr : &found->second;
}

std::string Catalogue::name_of_resource(
    const std::string& resource, const std::map<std::string, std::string>& configured) const {
    for (const auto* names : {&configured, &resources_}) {
        if (const auto found = names->find(resource); found != names->end()) {
            return found->second;
        }
    }
    return "";
}

}  // namespace gusu::agent
