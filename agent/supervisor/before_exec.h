// What a child of ours says and does between its fork and its exec: of the task's program, and of
// those that are started beside it later.
#pragma once

#include <string>

#include "agent/supervisor/descriptor.h"
#include "scheduler/base/result.h"

namespace gusu::agent {

// Between the child and its parent: texts, each with an open file if the child wishes so. Their end
// is the exec, which closes the socket.
struct Words {
    Descriptor parent;
    Descriptor child;
};
Result<Words> make_words();

// `carried` below 0: no file.
void tell(const Descriptor& socket, const std::string& text, int carried);
// What the child said, with the file it carried; "" at the end.
std::string hear(const Descriptor& socket, Descriptor& carried);

// In the child. Each gives the reason why it cannot, or "".
std::string enter_directory(const std::string& workdir);

// In the child. The agent may be spared when memory is short, and its tasks are not.
void be_no_better_than_others();
void reset_signals();

}  // namespace gusu::agent
