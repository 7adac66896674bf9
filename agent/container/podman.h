// podman's service (4.0 or later), by its libpod API.
// https://docs.podman.io/en/v4.3/_static/api.html
//
// By libpod and not by the API that podman has for Docker's clients: that one drops devices which
// are named by CDI without a word.
#pragma once

#include <string>

#include "agent/container/engine.h"

namespace gusu::agent {

class Podman final : public Engine {
public:
    explicit Podman(std::string socket) : socket_(std::move(socket)) {}

    // Whether the service answers, and is one that we can use.
    Status ping() const;

    Result<bool> has_image(const std::string& image) const override;
    Status pull(const std::string& image,
                const std::function<void(const std::string&)>& tell) const override;
    Status create(const ContainerOrder& order) const override;
    // listen() would do it too, in a race with start(); and it would prepare one that has just
    // ended for another run.
    Status prepare(const std::string& name) const override;
    Status start(const std::string& name) const override;
    Status listen(const std::string& name, const std::function<void()>& attached,
                  const std::function<void(Stream, std::string_view)>& hear) const override;
    Status signal(const std::string& name, int number) const override;
    Result<State> end_of(const std::string& name) const override;
    Status remove(const std::string& name) const override;
    Result<std::set<std::string>> with_label(const std::string& label) const override;

private:
    Status bring_up(const std::string& name, const std::string& step) const;

    std::string socket_;
};

// What podman is asked to make of the order.
std::string create_request(const ContainerOrder& order);

}  // namespace gusu::agent
