#include "proto/rpc/credentials.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace gusu::rpc {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;

class CredentialsTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "credentials_XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        file_ = folder_ / "new" / "folders" / "credentials.yaml";
        credentials_.set_scheduler("127.0.0.1:7077");
        credentials_.set_authority(
            "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n");
        credentials_.set_token("secret");
    }
    void TearDown() override {
        for (const char* name : {"GUSU_CREDENTIALS", "GUSU_SCHEDULER", "XDG_CONFIG_HOME"}) {
            ::unsetenv(name);
        }
        fs::remove_all(folder_);
    }

    static unsigned mode(const fs::path& path) {
        struct stat found{};
        return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777U : 0U;
    }

    fs::path folder_;
    fs::path file_;
    config::v1::Credentials credentials_;
};

TEST_F(CredentialsTest, ComeBackAsTheyWereWritten) {
    ASSERT_TRUE(write_credentials(file_, credentials_).ok());
    EXPECT_EQ(mode(file_), 0600U);
    EXPECT_EQ(mode(file_.parent_path()), 0700U);
    EXPECT_EQ(mode(file_.parent_path().parent_path()), 0700U);
    const auto read = read_credentials(file_);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->SerializeAsString(), credentials_.SerializeAsString());
}

TEST_F(CredentialsTest, ReplaceTheFileWhole) {
    ASSERT_TRUE(write_credentials(file_, credentials_).ok());
    credentials_.set_token("other");
    ASSERT_TRUE(write_credentials(file_, credentials_).ok());
    EXPECT_EQ(read_credentials(file_)->token(), "other");
    const auto entries = fs::directory_iterator(file_.parent_path());
    EXPECT_EQ(std::distance(begin(entries), end(entries)), 1) << "a temporary file is left";
}

TEST_F(CredentialsTest, RefusesWhatOthersMayRead) {
    ASSERT_TRUE(write_credentials(file_, credentials_).ok());
    for (const unsigned open_mode : {0640U, 0604U, 0660U, 0610U}) {
        ASSERT_EQ(::chmod(file_.c_str(), open_mode), 0);
        const auto read = read_credentials(file_);
        ASSERT_FALSE(read.ok());
        EXPECT_THAT(read.error().message, HasSubstr("`chmod 600 " + file_.string() + "`"));
    }
}

TEST_F(CredentialsTest, SaysWhatToDo) {
    const auto missing = read_credentials(file_);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_THAT(missing.error().message, EndsWith("run `gusu login`"));
    ASSERT_TRUE(write_credentials(file_, credentials_).ok());
    std::ofstream(file_) << "tokn: x\n";
    const auto wrong = read_credentials(file_);
    ASSERT_FALSE(wrong.ok());
    EXPECT_THAT(wrong.error().message,
                HasSubstr(":1:1: tokn: no such field; did you mean \"token\"?"));
    std::ofstream(folder_ / "plain") << "x";
    EXPECT_FALSE(write_credentials(folder_ / "plain" / "credentials.yaml", credentials_).ok());
}

TEST_F(CredentialsTest, TheEnvironmentComesFirst) {
    ::setenv("XDG_CONFIG_HOME", "/config", 1);
    EXPECT_EQ(credentials_file(), "/config/gusu/credentials.yaml");
    ::setenv("GUSU_CREDENTIALS", "/elsewhere.yaml", 1);
    EXPECT_EQ(credentials_file(), "/elsewhere.yaml");
    EXPECT_EQ(to_endpoint(credentials_).target, "127.0.0.1:7077");
    EXPECT_EQ(to_endpoint(credentials_).token, "secret");
    ::setenv("GUSU_SCHEDULER", "host:1", 1);
    EXPECT_EQ(to_endpoint(credentials_).target, "host:1");
}

}  // namespace
}  // namespace gusu::rpc
