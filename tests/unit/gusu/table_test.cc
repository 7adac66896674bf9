#include "tools/gusu/table.h"

#include <gmock/gmock.h>

#include <sstream>

#include "tools/gusu/display_width.h"

namespace gusu::cli {
namespace {

Table jobs() {
    Table table(
        {{"ID"}, {"NAME", Align::Left, 6}, {"GPUS", Align::Right}, {"REASON", Align::Left, 6}});
    table.add({"1", "训练大模型", "8", "BEHIND"});
    table.add({"1042", "resnet", "0.25", "GUARANTEE_FULL_NOTHING_IDLE"});
    return table;
}

TEST(DisplayWidth, ChineseTakesTwoColumns) {
    EXPECT_EQ(display_width(""), 0);
    EXPECT_EQ(display_width("abc"), 3);
    EXPECT_EQ(display_width("训练"), 4);
    EXPECT_EQ(display_width("é"), 1);
    EXPECT_EQ(display_width("e\xCC\x81"), 1) << "a combining accent takes none";
    EXPECT_EQ(display_width("\xff\xfe"), 2) << "invalid bytes";
    EXPECT_EQ(display_width("\xE8\xAE"), 2) << "half a character";
}

TEST(DisplayWidth, CutsBetweenCharacters) {
    EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
    EXPECT_EQ(cut_to_width("abcdef", 4), "abc…");
    EXPECT_EQ(cut_to_width("训练大模型", 10), "训练大模型");
    EXPECT_EQ(cut_to_width("训练大模型", 6), "训练…");
    EXPECT_EQ(cut_to_width("训练大模型", 1), "…");
    EXPECT_EQ(cut_to_width("abc", 0), "");
}

TEST(Printable, NoControlCharacterReachesTheTerminal) {
    EXPECT_EQ(printable("a\033[31m\nb\x7f"), "a [31m b ");
    EXPECT_EQ(printable("训练"), "训练");
}

TEST(Table, AlignsByWhatIsSeen) {
    EXPECT_EQ(jobs().to_text(0),
              "ID    NAME        GPUS  REASON\n"
              "1     训练大模型     8  BEHIND\n"
              "1042  resnet      0.25  GUARANTEE_FULL_NOTHING_IDLE\n");
}

TEST(Table, FitsTheTerminalByCuttingTheWidest) {
    EXPECT_EQ(jobs().to_text(40),
              "ID    NAME        GPUS  REASON\n"
              "1     训练大模型     8  BEHIND\n"
              "1042  resnet      0.25  GUARANTEE_FULL_…\n");
    EXPECT_EQ(jobs().to_text(26),
              "ID    NAME    GPUS  REASON\n"
              "1     训练…      8  BEHIND\n"
              "1042  resnet  0.25  GUARA…\n");
}

TEST(Table, NeverWiderThanTheTerminal) {
    for (int width = 1; width <= 60; ++width) {
        std::istringstream lines(jobs().to_text(width));
        for (std::string line; std::getline(lines, line);) {
            EXPECT_LE(display_width(line), width) << line;
        }
    }
}

}  // namespace
}  // namespace gusu::cli
