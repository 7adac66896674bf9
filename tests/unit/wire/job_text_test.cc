#include "scheduler/wire/job_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace gusu::wire {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ArrayIndices, AreReadAsSbatchWritesThem) {
    EXPECT_THAT(*parse_array_indices("0-3"), ElementsAre(0, 1, 2, 3));
    EXPECT_THAT(*parse_array_indices("7"), ElementsAre(7));
    EXPECT_THAT(*parse_array_indices("5-7,1,3"), ElementsAre(1, 3, 5, 6, 7));
    EXPECT_THAT(*parse_array_indices("0-100:25"), ElementsAre(0, 25, 50, 75, 100));
    EXPECT_THAT(*parse_array_indices("0-5:3"), ElementsAre(0, 3));
    EXPECT_THAT(*parse_array_indices("1000000000"), ElementsAre(1'000'000'000));
    EXPECT_EQ(parse_array_indices("0-99999")->size(), 100'000U);
}

TEST(ArrayIndices, RefusesWhatIsNone) {
    for (const char* text : {"",
                             ",",
                             "1,",
                             ",1",
                             "a",
                             "-1",
                             "1-",
                             "-",
                             "3-1",
                             "1-2-3",
                             "1:2",
                             "0-9:0",
                             "0-9:",
                             " 1",
                             "1 ",
                             "1000000001",
                             "0-9%2",
                             "+1",
                             "99999999999999999999",
                             "1.5"}) {
        const auto indices = parse_array_indices(text);
        ASSERT_FALSE(indices.ok()) << text;
        EXPECT_EQ(indices.error().code, ErrorCode::InvalidArgument);
        EXPECT_THAT(indices.error().message, HasSubstr("allowed: indices from 0")) << text;
    }
    EXPECT_THAT(parse_array_indices("0-100000").error().message, HasSubstr("too many indices"));
    EXPECT_THAT(parse_array_indices("1-3,2").error().message, HasSubstr("an index twice"));
}

TEST(JobRef, NamesAJobOrAnElement) {
    EXPECT_EQ(parse_job_ref("1042")->job, JobId{1042});
    EXPECT_EQ(parse_job_ref("1042")->array_index, std::nullopt);
    EXPECT_EQ(parse_job_ref("1042_7")->job, JobId{1042});
    EXPECT_EQ(parse_job_ref("1042_7")->array_index, 7);
    EXPECT_EQ(parse_job_ref("1042_0")->array_index, 0);
}

TEST(JobRef, RefusesWhatIsNone) {
    for (const char* text : {"", "0", "-1", "x", "1042_", "_7", "1042_x", "1042_7_8", "1042 ", "#0",
                             "9223372036854775808", "1042_99999999999"}) {
        const auto reference = parse_job_ref(text);
        ASSERT_FALSE(reference.ok()) << text;
        EXPECT_THAT(reference.error().message, HasSubstr("is no job id; allowed: a job as"))
            << text;
    }
}

}  // namespace
}  // namespace gusu::wire
