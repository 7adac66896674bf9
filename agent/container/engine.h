// Who runs containers on this node: podman's service or Docker's, each by its own API over its
// socket. One container at a time, by its name. All calls block.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "agent/container/order.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

enum class Stream { Output, Error };

class Engine {
public:
    virtual ~Engine() = default;

    virtual Result<bool> has_image(const std::string& image) const = 0;
    // `tell` hears of the progress, a line a time.
    virtual Status pull(const std::string& image,
                        const std::function<void(const std::string&)>& tell) const = 0;
    virtual Status create(const ContainerOrder& order) const = 0;
    // All but the program itself is there then.
    virtual Status prepare(const std::string& name) const = 0;
    virtual Status start(const std::string& name) const = 0;
    // Until the container ends or the service does: `attached` is called once what it says will be
    // heard, `hear` for each piece. Only for one that was prepared and does not run yet.
    virtual Status listen(const std::string& name, const std::function<void()>& attached,
                          const std::function<void(Stream, std::string_view)>& hear) const = 0;
    virtual Status signal(const std::string& name, int number) const = 0;

    struct State {
        bool out_of_memory = false;
        int exit_code = 0;
    };
    // Waits until it has ended. NotFound if there is no such container.
    virtual Result<State> end_of(const std::string& name) const = 0;
    // Kills it if it runs. No error if it is not there.
    virtual Status remove(const std::string& name) const = 0;
    // Names of the containers that carry this label.
    virtual Result<std::set<std::string>> with_label(const std::string& label) const = 0;
};

// Asks who answers on the socket. An error is why neither does.
Result<std::unique_ptr<const Engine>> find_engine(const std::string& socket);

}  // namespace gusu::agent
