// Where a task says that its work is saved: a socket in its scratch folder. Whoever connects, sends
// the line "saved" and is answered "ok" when that is written down, or "no: WHY".
//
// The supervisor owns it, so that an agent which is being restarted is not missed. Only processes
// of this task are heard, as the kernel tells whose child a process is, or in which group: another
// task that finds the socket cannot speak for this one.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

class CheckpointSocket {
public:
    // Any user may connect who may enter the folder. The task's processes are those below us, and
    // those in the control group ("gusu/n1/17.0/box"), if there is one.
    static Result<CheckpointSocket> open(const std::string& path, std::string group = "");

    // What poll() is to watch for it.
    void add_to(std::vector<pollfd>& watched) const;
    // Takes what is there without waiting; `save` is called for each word of the task.
    void take(const std::function<Status()>& save);

private:
    struct Speaker {
        Descriptor connection;
        // Asked at once, before its process can be gone and the number be another's.
        bool is_of_the_task = false;
        std::string heard = {};
        bool is_over = false;
    };

    CheckpointSocket(Descriptor listener, std::string group)
        : listener_(std::move(listener)), group_(std::move(group)) {}
    void accept_all();
    void drop_one();
    static void hear(Speaker& speaker, const std::function<Status()>& save);

    Descriptor listener_;
    std::string group_;
    std::vector<Speaker> speakers_;
};

}  // namespace gusu::agent
