#include "scheduler/service/rpc/read_logs.h"

#include <deque>
#include <string>

#include "scheduler/service/rpc/job_refs.h"
#include "scheduler/service/rpc/job_view.h"
#include "scheduler/service/rpc/log_places.h"
#include "scheduler/service/rpc/past_jobs.h"
#include "scheduler/service/rpc/stream.h"
#include "scheduler/wire/field.h"

namespace gusu::service {
namespace {

Status check_request(const v1::ReadLogsRequest& request) {
    const auto field = [](std::string_view name) { return wire::Field{nullptr, name, -1}; };
    constexpr std::int64_t kMostBytes = std::int64_t{1} << 50;
    constexpr std::int64_t kMostLines = 1'000'000;
    for (const auto& problem :
         {wire::check_count(field("offset"), request.offset(), 0, kMostBytes),
          wire::check_count(field("tail_lines"), request.tail_lines(), 0, kMostLines),
          wire::check_count(field("attempt"), request.attempt(), 0, 1'000'000),
          wire::check_count(field("stream"), request.stream(), 0, v1::LOG_STREAM_ERROR)}) {
        if (problem) {
            return *problem;
        }
    }
    return Done{};
}

// Reads one attempt after the other. What an agent sends is held until the caller has taken it; the
// source stops at kLogWindow.
class LogStreamCall final : public Stream<v1::ReadLogsResponse>, public JobSubscriber {
public:
    LogStreamCall(Platform& platform, v1::ReadLogsRequest request, std::string user)
        : platform_(platform), request_(std::move(request)), user_(std::move(user)) {
        offset_ = request_.offset();
        tail_lines_ = request_.tail_lines();
    }
    ~LogStreamCall() override { platform_.hub.unsubscribe(this); }

    void begin(const core::JobRef& reference) {
        reference_ = reference;
        look();
    }

    void job_changed(JobId, const std::shared_ptr<const v1::Job>&) override { look(); }
    void job_gone(JobId) override { look(); }
    void stopping() override {
        end(Error{ErrorCode::Unavailable, "the scheduler stops; read on from here in a moment"});
    }

protected:
    bool next(v1::ReadLogsResponse& response) override {
        if (chunks_.empty()) {
            return false;
        }
        response = std::move(chunks_.front());
        chunks_.pop_front();
        in_flight_ = static_cast<std::int64_t>(response.data().size());
        return true;
    }

    void written() override {
        LogSource::Handle handle;
        std::int64_t taken = 0;
        {
            const std::lock_guard lock(mutex());
            handle = handle_;
            taken = std::exchange(in_flight_, 0);
        }
        if (handle != nullptr && taken > 0) {
            handle->consumed(taken);
        }
    }

    void done() override {
        platform_.hub.unsubscribe(this);
        LogSource::Handle handle;  // goes after the lock, which cancels the read
        const std::lock_guard lock(mutex());
        done_ = true;
        handle.swap(handle_);
    }

private:
    // Of one attempt's log.
    class Sink final : public LogSink {
    public:
        Sink(std::weak_ptr<LogStreamCall> call, int attempt)
            : call_(std::move(call)), attempt_(attempt) {}
        void chunk(std::int64_t offset, std::string data, std::int64_t dropped) override {
            if (const auto call = call_.lock()) {
                call->add(attempt_, offset, std::move(data), dropped);
            }
        }
        void end(const Status& status) override {
            if (const auto call = call_.lock()) {
                call->read_ended(status);
            }
        }

    private:
        std::weak_ptr<LogStreamCall> call_;
        int attempt_;
    };

    std::shared_ptr<LogStreamCall> shared() {
        return std::static_pointer_cast<LogStreamCall>(shared_from_this());
    }

    // Asks where the logs are; one question at a time.
    void look() {
        {
            const std::lock_guard lock(mutex());
            if (reading_ || is_ending()) {
                return;
            }
            again_ = looking_;
            if (std::exchange(looking_, true)) {
                return;
            }
        }
        platform_.engine.read(
            [self = shared()](core::Scheduler& scheduler, Time) { return self->take(scheduler); });
    }

    Release take(core::Scheduler& scheduler) {
        const core::State& state = scheduler.state();
        const Named named = find(state, reference_);
        if (std::holds_alternative<std::monostate>(named)) {
            return [self = shared(), sight = sight_of(state, user_)](const Status&) {
                self->platform_.worker.post([self, sight] { self->look_into_past(sight); });
            };
        }
        const bool visible =
            !std::holds_alternative<std::monostate>(find_visible(state, user_, reference_));
        const auto* job = std::get_if<const core::Job*>(&named);
        Result<LogPlaces> places = no_such_job(request_.job_id());
        if (visible && job == nullptr) {
            places =
                Error{ErrorCode::InvalidArgument,
                      "job_id: " + request_.job_id() +
                          " is an array; name one of its elements, as " + request_.job_id() + "_0"};
        } else if (visible) {
            places = log_places(state, **job, request_.task());
        }
        if (places && request_.follow() && !std::exchange(subscribed_, true)) {
            platform_.hub.subscribe((*job)->id, shared());
        }
        return [self = shared(), places](const Status& durable) {
            self->go_on(durable ? places : Result<LogPlaces>(durable.error()));
        };
    }

    void look_into_past(const Sight& sight) {
        const auto job = past_job(platform_.history, sight, reference_);
        if (!job) {
            go_on(job.error());
            return;
        }
        JobId id = reference_.job;
        if (reference_.array_index) {
            const auto row =
                platform_.history.array_element(reference_.job, *reference_.array_index);
            id = row && *row ? (*row)->job : id;
        }
        go_on(log_places(id, *job, request_.task()));
    }

    // Decides what to read next.
    void go_on(const Result<LogPlaces>& places) {
        const bool ask_again = [this] {
            const std::lock_guard lock(mutex());
            looking_ = false;
            return std::exchange(again_, false);
        }();
        if (!places) {
            end(places.error());
            return;
        }
        const bool fixed = request_.attempt() > 0;
        int wanted = fixed ? request_.attempt() : std::max(places->newest, 1);
        if (attempt_ > 0) {
            wanted = unfinished_ ? attempt_ : attempt_ + 1;
        }
        if (fixed && wanted > request_.attempt()) {
            end_well();
        } else if (wanted <= places->newest) {
            read(*places, wanted);
        } else if (places->over || !request_.follow()) {
            end(nothing_more(*places, wanted));
        } else if (ask_again) {
            look();
        }
    }

    Status nothing_more(const LogPlaces& places, int wanted) const {
        if (attempt_ > 0 || (request_.follow() && request_.attempt() == 0)) {
            return Done{};
        }
        const std::string attempt = request_.attempt() > 0
                                        ? "attempt " + std::to_string(wanted) + " of job "
                                        : std::string("job ");
        if (places.over) {
            return Error{ErrorCode::NotFound, attempt + places.id + " never began, and has no log"};
        }
        return Error{ErrorCode::FailedPrecondition,
                     attempt + places.id + " waits and has no log yet; `gusu logs --follow " +
                         places.id + "` waits with it, `gusu explain " + places.id +
                         "` says what for"};
    }

    void read(const LogPlaces& places, int attempt) {
        const auto node = places.nodes.find(attempt);
        if (node == places.nodes.end()) {
            end(Error{ErrorCode::NotFound, "nobody remembers where attempt " +
                                               std::to_string(attempt) + " of job " + places.id +
                                               " ran"});
            return;
        }
        LogRequest log{.job = places.job, .attempt = attempt, .task = request_.task()};
        log.stream = request_.stream() == v1::LOG_STREAM_ERROR ? v1::LOG_STREAM_ERROR
                                                               : v1::LOG_STREAM_OUTPUT;
        log.follow = request_.follow();
        int number = 0;
        {
            const std::lock_guard lock(mutex());
            if (done_) {
                return;
            }
            number = ++reads_;
            log.offset = std::exchange(offset_, 0);
            log.tail_lines = std::exchange(tail_lines_, 0);
            attempt_ = attempt;
            over_ = places.over;
            unfinished_ = false;
            reading_ = true;
        }
        auto handle =
            platform_.logs.read(node->second, log, std::make_shared<Sink>(weak(), attempt));
        const std::lock_guard lock(mutex());
        if (reading_ && reads_ == number && !done_) {
            handle.swap(handle_);
        }
    }

    std::weak_ptr<LogStreamCall> weak() { return shared(); }

    void add(int attempt, std::int64_t offset, std::string data, std::int64_t dropped) {
        {
            const std::lock_guard lock(mutex());
            offset_ = offset + static_cast<std::int64_t>(data.size());
            v1::ReadLogsResponse& chunk = chunks_.emplace_back();
            chunk.set_attempt(attempt);
            chunk.set_offset(offset);
            chunk.set_data(std::move(data));
            chunk.set_dropped(dropped);
        }
        send();
    }

    void read_ended(const Status& status) {
        LogSource::Handle handle;
        bool over = false;
        {
            const std::lock_guard lock(mutex());
            handle.swap(handle_);
            reading_ = false;
            over = over_;
            // The node is out of touch: what is missing comes when it is back.
            unfinished_ = !status && status.error().code == ErrorCode::Unavailable;
            if (status) {
                offset_ = 0;
            }
        }
        if (!request_.follow() || (!status && (over || !unfinished_))) {
            end(status);
            return;
        }
        if (status) {
            look();
        }
    }

    Platform& platform_;
    const v1::ReadLogsRequest request_;
    const std::string user_;
    core::JobRef reference_;
    bool subscribed_ = false;  // the engine's thread

    // Under the lock.
    std::deque<v1::ReadLogsResponse> chunks_;
    LogSource::Handle handle_;
    std::int64_t in_flight_ = 0;
    std::int64_t offset_ = 0;  // of the next byte
    int tail_lines_ = 0;
    int reads_ = 0;
    int attempt_ = 0;          // being read, or read last
    bool over_ = false;        // the job had ended when that read began
    bool unfinished_ = false;  // it was broken off
    bool reading_ = false;
    bool looking_ = false;
    bool again_ = false;
    bool done_ = false;
};

}  // namespace

grpc::ServerWriteReactor<v1::ReadLogsResponse>* read_logs(Platform& platform,
                                                          grpc::CallbackServerContext& context,
                                                          const v1::ReadLogsRequest& request) {
    const auto person = platform.authenticator.identify(context);
    auto stream = std::make_shared<LogStreamCall>(platform, request, person ? person->user : "");
    stream->open();
    const auto reference = to_ref(request.job_id());
    const Status valid = check_request(request);
    if (!person) {
        stream->end(person.error());
    } else if (!reference || !valid) {
        stream->end(reference ? valid : Status(reference.error()));
    } else {
        stream->begin(*reference);
    }
    return stream.get();
}

}  // namespace gusu::service
