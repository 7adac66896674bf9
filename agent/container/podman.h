// One container, by the libpod API of podman's service (4.0 or later) over its socket. Blocking.
// https://docs.podman.io/en/v4.3/_static/api.html
//
// By libpod and not by the API that podman has for Docker's clients: that one drops devices which
// are named by CDI without a word.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "agent/container/order.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

enum class Stream { Output, Error };

class Podman {
public:
    explicit Podman(std::string socket) : socket_(std::move(socket)) {}

    // Whether the service answers, and is one that we can use.
    Status ping() const;
    Result<bool> has_image(const std::string& image) const;
    // `tell` hears of the progress, a line a time.
    Status pull(const std::string& image,
                const std::function<void(const std::string&)>& tell) const;
    Status create(const ContainerOrder& order) const;
    // All but the program itself is there then; listen() would do it too, in a race with start().
    Status prepare(const std::string& name) const;
    Status start(const std::string& name) const;
    // Until the container ends or the service does: `attached` is called once what it says will be
    // heard, `hear` for each piece. Only for one that was prepared and does not run yet: podman
    // would prepare one that has just ended for another run.
    Status listen(const std::string& name, const std::function<void()>& attached,
                  const std::function<void(Stream, std::string_view)>& hear) const;
    Status signal(const std::string& name, int number) const;

    struct State {
        bool out_of_memory = false;
        int exit_code = 0;
    };
    // Waits until it has ended. NotFound if there is no such container.
    Result<State> end_of(const std::string& name) const;
    // Kills it if it runs. No error if it is not there.
    Status remove(const std::string& name) const;
    // Names of the containers that carry this label.
    Result<std::set<std::string>> with_label(const std::string& label) const;

private:
    Status bring_up(const std::string& name, const std::string& step) const;

    std::string socket_;
};

// What podman is asked to make of the order.
std::string create_request(const ContainerOrder& order);
// Why an image could not be had, in our words and podman's.
Error pull_failed(const std::string& image, const std::string& reason);

}  // namespace gusu::agent
