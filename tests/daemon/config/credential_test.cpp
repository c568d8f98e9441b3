#include "daemon/config/credential.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include "tests/daemon/config/sample.h"

namespace tandem::config {
namespace {
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Credential : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tandem-credential-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    put("acme-ctm", "AKEY:SKEY\n");
    put("acme-highlevel", "pit-1234\n");
    link_ = parse(kSmallest, "t").config.links.at(0);
  }
  void TearDown() override { fs::remove_all(directory_); }

  void put(const std::string& name, const std::string& text, fs::perms mode = fs::perms::owner_read) {
    fs::remove(directory_ / name);
    std::ofstream(directory_ / name) << text;
    fs::permissions(directory_ / name, mode);
  }
  std::vector<std::string> problems() {
    std::vector<std::string> all;
    for (const Problem& p : read_secrets(link_, directory_.string(), secrets_)) {
      all.push_back(std::to_string(p.line) + ": " + p.key + ": " + p.message);
    }
    return all;
  }

  fs::path directory_;
  LinkConfig link_;
  Secrets secrets_;
};

TEST_F(Credential, IsReadByNameAndTrimmed) {
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(secrets_.of.ctm, "AKEY:SKEY");
  EXPECT_EQ(secrets_.of.highlevel, "pit-1234");
}

TEST_F(Credential, IsReadFromAFileOfMode0600) {
  link_.ctm.credential = {"", (directory_ / "own").string(), 5};
  put("own", "A:B", fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(secrets_.of.ctm, "A:B");
  for (const auto open : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
    put("own", "A:B", fs::perms::owner_read | open);
    EXPECT_THAT(problems(),
                ElementsAre(HasSubstr("5: link.ctm.credential_file: " + (directory_ / "own").string() +
                                      " can be read by others; chmod 0600 it")));
    EXPECT_EQ(secrets_.of.ctm, "") << "an open file is not used";
  }
}

TEST_F(Credential, OfSystemdMayShowAGroupBitButNeverOthers) {
  put("acme-ctm", "A:B", fs::perms::owner_read | fs::perms::group_read);  // the mask of an ACL
  EXPECT_THAT(problems(), IsEmpty());
  put("acme-ctm", "A:B", fs::perms::owner_read | fs::perms::others_read);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("can be read by others")));
}

TEST_F(Credential, EveryProblemIsNamedAndNoContentIsRepeated) {
  put("acme-ctm", "sentinel");
  put("acme-highlevel", "two words");
  EXPECT_THAT(problems(),
              ElementsAre("5: link.ctm.credential: " + (directory_ / "acme-ctm").string() +
                              " must hold ACCESS_KEY:SECRET_KEY in one line",
                          "9: link.highlevel.credential: " + (directory_ / "acme-highlevel").string() +
                              " must hold one line without blanks"));
  put("acme-ctm", "");
  fs::remove(directory_ / "acme-highlevel");
  EXPECT_THAT(problems(),
              ElementsAre(HasSubstr("acme-ctm is empty"), HasSubstr("does not exist or is not a file")));
}

TEST_F(Credential, OfHighLevelIsATokenOrAnOAuthClientInTwoParts) {
  put("acme-highlevel", "id-1:secret-2");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(secrets_.of.highlevel, "id-1:secret-2");
  for (const char* half : {"id-1:", ":secret-2", "pit-1234:x"}) {
    put("acme-highlevel", half);
    EXPECT_THAT(problems(),
                ElementsAre(HasSubstr("must hold a private integration token, or CLIENT_ID:CLIENT_SECRET")))
        << half;
  }
}

TEST_F(Credential, FileOfTokensMayBeMissingButNotOpen) {
  const std::string file = (directory_ / "acme.highlevel-token").string();
  EXPECT_THAT(check_token_file(link_, file), IsEmpty());
  put("acme.highlevel-token", "{}", fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THAT(check_token_file(link_, file), IsEmpty());
  for (const auto open : {fs::perms::group_read, fs::perms::others_read}) {
    put("acme.highlevel-token", "{}", fs::perms::owner_read | open);
    const auto all = check_token_file(link_, file);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].message, file + " can be read by others; chmod 0600 it");
    EXPECT_EQ(all[0].line, 9);
  }
}

TEST_F(Credential, WithoutADirectoryNamesWhatToDo) {
  Secrets secrets;
  const auto all = read_secrets(link_, "", secrets);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_THAT(all[0].message, HasSubstr("$CREDENTIALS_DIRECTORY, which is not set"));
}

TEST_F(Credential, MissingCertificatesAreAProblemToo) {
  link_.highlevel.ca_file = (directory_ / "none.pem").string();
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("link.highlevel.ca_file: ")));
}
}  // namespace
}  // namespace tandem::config
