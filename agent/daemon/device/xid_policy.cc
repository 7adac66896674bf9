#include "agent/daemon/device/xid_policy.h"

#include <algorithm>
#include <iterator>

namespace gusu::agent {
namespace {

struct Rule {
    unsigned long long xid;
    XidAction action;
};

// By NVIDIA's catalogue of XIDs.
constexpr Rule kRules[] = {
    {13, XidAction::Nothing},     // graphics engine exception
    {31, XidAction::Nothing},     // page fault
    {43, XidAction::Nothing},     // stopped processing
    {45, XidAction::Nothing},     // clean-up after a kill
    {54, XidAction::CheckNode},   // auxiliary power is not connected
    {63, XidAction::Nothing},     // a row of memory will be remapped: for the record
    {68, XidAction::Nothing},     // video processor exception
    {79, XidAction::CardIsLost},  // fallen off the bus
    {94, XidAction::Nothing},     // a memory error that hit one program alone
    {109, XidAction::Nothing},    // context switch timeout
};

}  // namespace

// One that is not known: better a check too many than a faulty card.
XidAction action_of_xid(unsigned long long xid) {
    const auto* const found =
        std::ranges::find(std::begin(kRules), std::end(kRules), xid, &Rule::xid);
    return found == std::end(kRules) ? XidAction::CheckCard : found->action;
}

}  // namespace gusu::agent
