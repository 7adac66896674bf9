#include "agent/daemon/device/device_care.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "agent/daemon/files.h"
#include "scheduler/base/log.h"

namespace gusu::agent {
namespace {

constexpr const char* kSuspectPrefix = "suspect-";
constexpr std::chrono::seconds kScrubLimit{120};

bool can_be_checked(const v1::Device& device) {
    return !device.simulated() && device.uuid().starts_with("GPU-") && device.slices() == 0;
}

std::string decimal(double value) { return nlohmann::json(value).dump(); }

}  // namespace

DeviceCare::DeviceCare(CareOptions options, EventLoop& loop, std::vector<v1::Device> devices,
                       std::function<void()> changed)
    : options_(std::move(options)), loop_(loop), changed_(std::move(changed)) {
    for (const v1::Device& device : devices) {
        if (can_be_checked(device)) {
            Card& card = cards_[device.index()];
            card.uuid = device.uuid();
            card.accelerator = device.accelerator();
        }
    }
    read_memory();
}

void DeviceCare::use(DeviceShelf& shelf) {
    shelf_ = &shelf;
    run_next();
}

void DeviceCare::describe(std::vector<v1::Device>& devices) const {
    for (v1::Device& device : devices) {
        if (const auto other = others_.find(device.index()); other != others_.end()) {
            device.set_health_detail(other->second);
        }
        const auto found = cards_.find(device.index());
        if (found == cards_.end()) {
            continue;
        }
        const Card& card = found->second;
        if (device.healthy() && (card.running || !card.quarantine.empty())) {
            device.set_healthy(false);
            device.set_quarantined(!card.lost);
        }
        const std::string state = card.running ? card.check + " runs" : card.outcome;
        const bool both = !state.empty() && !card.quarantine.empty() && !card.running;
        device.set_health_detail(both ? state + " (" + card.quarantine + ")"
                                      : state + (state.empty() ? card.quarantine : ""));
    }
}

void DeviceCare::xid(int index, unsigned long long number) {
    const std::string why = "XID " + std::to_string(number);
    switch (action_of_xid(number)) {
        case XidAction::Nothing:
            return;
        case XidAction::CheckCard:
            suspect(index, why);
            return;
        case XidAction::CardIsLost:
            lose(index, why + ": fallen off the bus");
            return;
        case XidAction::CheckNode:
            for (const auto& [each, card] : cards_) {
                suspect(each, why + " of device " + std::to_string(index));
            }
            return;
    }
}

void DeviceCare::lose(int index, const std::string& why) {
    const auto found = cards_.find(index);
    if (found == cards_.end() || found->second.lost) {
        return;
    }
    spdlog::error("device lost index={} reason=\"{}\"", index, why);
    found->second.lost = true;
    found->second.check.clear();
    set(found->second, why + "; restart the machine", "");
    tell(index, DeviceFailure::Lost, why);
}

void DeviceCare::tell(int index, DeviceFailure how, const std::string& why) {
    if (shelf_ != nullptr) {
        shelf_->device_failed(index, how, why);
    }
}

void DeviceCare::suspect(int index, const std::string& why) {
    const auto found = cards_.find(index);
    if (found == cards_.end() || found->second.lost) {
        return;
    }
    Card& card = found->second;
    spdlog::error("device in quarantine index={} reason=\"{}\"", index, why);
    if (card.check.empty()) {
        card.check = std::string("check ") + kSuspectPrefix + std::to_string(++checks_);
        card.ordered = false;
    }
    set(card, why, "");
    tell(index, DeviceFailure::Suspect, why);
    run_next();
}

// A copy of the devices: telling of one changes them.
void DeviceCare::check(
    const v1::CheckDevices& order,
    std::vector<v1::Device> all) {  // NOLINT(performance-unnecessary-value-param)
    const std::string name = "check " + order.check();
    for (const v1::Device& device : all) {
        const bool is_asked =
            order.devices().empty() ||
            std::ranges::find(order.devices(), device.index()) != order.devices().end();
        if (!is_asked) {
            continue;
        }
        const auto found = cards_.find(device.index());
        if (found == cards_.end()) {
            others_[device.index()] = name + " not run: only NVIDIA's cards can be diagnosed";
        } else if (found->second.running) {
            found->second.check = name;  // what runs answers this one too
        } else if (found->second.lost) {
            found->second.outcome = name + " failed: the card is lost";
        } else {
            found->second.check = name;
            found->second.ordered = true;
        }
    }
    changed_();
    run_next();
}

// One at a time, so that the figures of one do not suffer from another's.
void DeviceCare::run_next() {
    if (shelf_ == nullptr ||
        std::ranges::any_of(cards_, [](const auto& card) { return card.second.running; })) {
        return;
    }
    for (auto& [index, card] : cards_) {
        if (card.check.empty()) {
            continue;
        }
        if (options_.program.empty()) {
            not_run(card, "gusu-gpucheck is not on this node");
        } else if (shelf_->take_device(index)) {
            start_check(index, card);
            return;
        } else if (card.ordered) {
            not_run(card, "a task holds the card");
        } else {
            try_again_later();
        }
    }
}

void DeviceCare::try_again_later() {
    if (!std::exchange(timer_is_set_, true)) {
        loop_.after(options_.try_again, [this] {
            timer_is_set_ = false;
            run_next();
        });
    }
}

void DeviceCare::not_run(Card& card, const std::string& why) {
    const std::string name = std::exchange(card.check, "");
    set(card, card.quarantine, name + " not run: " + why);
}

std::vector<std::string> DeviceCare::words_of(const Card& card) const {
    std::vector<std::string> words{"--json", "--gpu", card.uuid, "--timeout",
                                   std::to_string(options_.time_limit.count())};
    const v1::Accelerator* rated = options_.catalogue.accelerator(card.accelerator);
    if (rated == nullptr) {
        return words;
    }
    const std::pair<const char*, double> ratings[] = {
        {"--rated-tensor-tflops", rated->fp16_tflops()},
        {"--rated-fp32-tflops", rated->fp32_tflops()},
        {"--rated-memory-gbps", rated->memory_gbps()},
        {"--rated-host-gbps", rated->host_gbps()},
    };
    for (const auto& [option, value] : ratings) {
        if (value > 0) {
            words.insert(words.end(), {option, decimal(value)});
        }
    }
    return words;
}

void DeviceCare::start_check(int index, Card& card) {
    card.running = true;
    spdlog::info("device is checked index={} check=\"{}\"", index, card.check);
    changed_();
    run_gpucheck(loop_, options_.program, words_of(card),
                 [this, index](const CheckFindings& findings) { checked(index, findings); });
}

void DeviceCare::checked(int index, const CheckFindings& findings) {
    Card& card = cards_.at(index);
    const std::string name = std::exchange(card.check, "");
    card.running = false;
    // A diagnosis has written over all that the tenant before left.
    switch (findings.verdict) {
        case CheckVerdict::Passed:
            set(card, "", name + " passed: " + findings.detail);
            break;
        case CheckVerdict::Faulty:
            set(card, card.quarantine.empty() ? "faulty" : card.quarantine,
                name + " failed: " + findings.detail);
            break;
        case CheckVerdict::NotJudged:
            set(card, card.quarantine, name + " not run: " + findings.detail);
            if (!card.quarantine.empty() && !card.ordered) {
                card.check = name;  // a suspect stays one until it has proved itself
                try_again_later();
            }
            break;
    }
    spdlog::info("device was checked index={} outcome=\"{}\"", index, card.outcome);
    shelf_->give_back_device(index);
    if (card.check.empty()) {
        run_next();
    }
}

bool DeviceCare::prepare(const std::string& tenant, const std::vector<int>& indexes,
                         Scrubbing done) {
    std::deque<int> to_scrub;
    for (const int index : indexes) {
        const auto found = cards_.find(index);
        if (found != cards_.end() && found->second.tenant != tenant) {
            to_scrub.push_back(index);
        }
    }
    if (to_scrub.empty()) {
        return false;
    }
    if (options_.scrub == Scrub::Never || options_.program.empty()) {
        return false;
    }
    scrub_next(tenant, std::move(to_scrub), done);
    return true;
}

void DeviceCare::scrub_next(const std::string& tenant, std::deque<int> indexes,
                            const Scrubbing& done) {
    if (indexes.empty()) {
        remember();
        done(Done{});
        return;
    }
    const int index = indexes.front();
    indexes.pop_front();
    const std::vector<std::string> words{"--scrub",   "--json",
                                         "--gpu",     cards_.at(index).uuid,
                                         "--timeout", std::to_string(kScrubLimit.count())};
    run_gpucheck(
        loop_, options_.program, words,
        [this, tenant, indexes, index, done](const CheckFindings& findings) {
            Card& card = cards_.at(index);
            if (findings.verdict == CheckVerdict::Passed) {
                card.tenant = tenant;
                scrub_next(tenant, indexes, done);
                return;
            }
            const std::string why =
                "its memory cannot be scrubbed for another tenant: " + findings.detail;
            suspect(index, why);
            done(Error{ErrorCode::Unavailable, "device " + std::to_string(index) + ": " + why});
        });
}

void DeviceCare::set(Card& card, const std::string& quarantine, const std::string& outcome) {
    const bool is_news = card.quarantine != quarantine;
    card.quarantine = quarantine;
    card.outcome = outcome;
    if (is_news) {
        remember();
    }
    changed_();
}

// Whoever was in quarantine has to prove itself, also after a restart. Whose memory it was is only
// known of cards that are the same ones.
void DeviceCare::read_memory() {
    const auto text = read_file(options_.memory);
    const auto content =
        nlohmann::json::parse(text ? *text : "{}", nullptr, /*allow_exceptions=*/false);
    if (!content.is_object()) {
        return;
    }
    for (auto& [index, card] : cards_) {
        const auto found = content.find(card.uuid);
        if (found == content.end() || !found->is_object()) {
            continue;
        }
        card.tenant = found->value("tenant", "");
        card.quarantine = found->value("quarantine", "");
        if (!card.quarantine.empty()) {
            card.check = std::string("check ") + kSuspectPrefix + std::to_string(++checks_);
        }
    }
}

void DeviceCare::remember() const {
    auto content = nlohmann::ordered_json::object();
    for (const auto& [index, card] : cards_) {
        content[card.uuid] = {{"tenant", card.tenant}, {"quarantine", card.quarantine}};
    }
    const Status kept = replace_file(
        options_.memory,
        content.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n", 0600);
    if (!kept) {
        spdlog::error("health of devices is not kept reason={}", kept.error().message);
    }
}

}  // namespace gusu::agent
