// Docker's service (20.10 or later), by its own API. It does not leave out the volumes of an image,
// but removes them with the container; mounts are not nosuid and nodev, which no new privileges and
// the device filter make up for; and it knows CDI devices from 25 on.
// https://docs.docker.com/engine/api/v1.41/
#pragma once

#include <string>

#include "agent/container/engine.h"

namespace gusu::agent {

class Docker final : public Engine {
public:
    explicit Docker(std::string socket) : socket_(std::move(socket)) {}

    // Whether the service answers, and is one that we can use.
    Status ping() const;

    Result<bool> has_image(const std::string& image) const override;
    Status pull(const std::string& image,
                const std::function<void(const std::string&)>& tell) const override;
    Status create(const ContainerOrder& order) const override;
    Status prepare(const std::string& /*name*/) const override { return Done{}; }
    Status start(const std::string& name) const override;
    Status listen(const std::string& name, const std::function<void()>& attached,
                  const std::function<void(Stream, std::string_view)>& hear) const override;
    Status signal(const std::string& name, int number) const override;
    Result<State> end_of(const std::string& name) const override;
    Status remove(const std::string& name) const override;
    Result<std::set<std::string>> with_label(const std::string& label) const override;

private:
    std::string socket_;
};

// What Docker is asked to make of the order.
std::string docker_create_request(const ContainerOrder& order);
// A name without a tag would pull all of them.
std::string with_tag(const std::string& image);

}  // namespace gusu::agent
