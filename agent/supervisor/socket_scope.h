// Unix sockets without a file belong to the network, which tasks share, so namespaces and rights of
// files do not part them. Landlock does, from Linux 6.12 on.
#pragma once

#include <string>

namespace gusu::agent {

// From now on this process and all it starts connect to such sockets only where they are theirs.
// Nothing happens on an older kernel. Gives the reason why it cannot, or "".
std::string keep_to_own_sockets();

}  // namespace gusu::agent
