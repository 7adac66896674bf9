// The tests of journal and history run against every store there is: each test program links one
// make_store().
#pragma once

#include <memory>
#include <string>

#include "scheduler/store/history.h"
#include "scheduler/store/journal.h"

namespace gusu::store {

class StoreUnderTest {
public:
    virtual ~StoreUnderTest() = default;
    virtual Result<std::unique_ptr<Journal>> open() = 0;
    virtual std::unique_ptr<History> history() = 0;

    // Behind the journal's back.
    virtual void change(const std::string& sql) = 0;
    virtual std::int64_t number(const std::string& sql) = 0;
    virtual void break_record(int sequence) = 0;
    virtual void set_version(int version) = 0;
    // Usage rows cannot be stored, "disk full".
    virtual void fill_disk() = 0;
    virtual void free_disk() = 0;
};

// Empty, and there as long as what this gives.
std::unique_ptr<StoreUnderTest> make_store();

}  // namespace gusu::store
