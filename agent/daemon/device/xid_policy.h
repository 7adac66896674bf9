// What an XID, the number by which NVIDIA's driver tells of an error, asks for.
#pragma once

namespace gusu::agent {

enum class XidAction {
    Nothing,     // a program's own fault, or for the record only
    CheckCard,   // the card is suspect: no new work before it has proved itself
    CardIsLost,  // it does not answer any more: out of use until the machine is restarted
    CheckNode,   // what is wrong concerns every card of the node
};

XidAction action_of_xid(unsigned long long xid);

}  // namespace gusu::agent
