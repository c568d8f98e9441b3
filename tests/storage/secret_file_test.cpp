#include "storage/file/secret_file.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <filesystem>
#include <fstream>

namespace tandem {
namespace {
namespace fs = std::filesystem;
using ::testing::HasSubstr;

class SecretFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "tandem-secret-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    path_ = (folder_ / "state" / "acme.highlevel-token").string();
  }
  void TearDown() override { fs::remove_all(folder_); }
  static unsigned mode(const std::string& path) {
    struct stat st {};
    return stat(path.c_str(), &st) == 0 ? st.st_mode & 07777u : 0u;
  }
  void write(SecretFile& file, std::string_view text) const {
    ASSERT_TRUE(file.try_lock().value());
    ASSERT_TRUE(file.replace(text));
    file.unlock();
  }
  fs::path folder_;
  std::string path_;
};

TEST_F(SecretFileTest, IsBlankUntilItIsWrittenAndThenOnlyItsOwnerMayReadIt) {
  const mode_t before = umask(0);
  SecretFile file(path_);
  EXPECT_EQ(file.read().value(), "");
  EXPECT_FALSE(fs::exists(folder_ / "state")) << "reading makes nothing";
  write(file, "one");
  umask(before);
  EXPECT_EQ(file.read().value(), "one");
  EXPECT_EQ(mode(path_), 0600u);
  EXPECT_EQ(mode(path_ + ".lock"), 0600u);
  EXPECT_EQ(mode((folder_ / "state").string()), 0700u);
  EXPECT_FALSE(fs::exists(path_ + ".new"));
  write(file, "2");
  EXPECT_EQ(file.read().value(), "2") << "nothing of a longer one is left";
}

TEST_F(SecretFileTest, IsNotReadWhenOthersCan) {
  SecretFile file(path_);
  write(file, "one");
  for (const auto open : {fs::perms::group_read, fs::perms::others_read, fs::perms::group_write}) {
    fs::permissions(path_, fs::perms::owner_read | open);
    const auto read = file.read();
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().fault, Fault::unauthorised);
    EXPECT_THAT(read.error().message, HasSubstr(path_ + " can be read by others; chmod 0600 it"));
  }
}

TEST_F(SecretFileTest, IsLockedByOneObjectAtATime) {
  SecretFile one(path_), other(path_);
  ASSERT_TRUE(one.try_lock().value());
  EXPECT_FALSE(other.try_lock().value());
  one.unlock();
  EXPECT_TRUE(other.try_lock().value());
}

TEST_F(SecretFileTest, KeepsTheOldContentUntilTheNewOneIsWholeAndDropsALeftDraft) {
  SecretFile file(path_);
  write(file, "one");
  std::ofstream(path_ + ".new") << "half of a th";  // of a process that died
  ASSERT_TRUE(file.try_lock().value());
  ASSERT_TRUE(file.reserve());
  EXPECT_EQ(file.read().value(), "one");
  file.unlock();
  EXPECT_EQ(file.read().value(), "one");
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(SecretFileTest, SaysBeforehandThatItCouldNotBeKept) {
  SecretFile file(path_);
  ASSERT_TRUE(file.try_lock().value());
  fs::create_directory(path_ + ".new");  // stands for a full disk
  const auto room = file.reserve();
  ASSERT_FALSE(room);
  EXPECT_EQ(room.error().fault, Fault::transient);
  EXPECT_THAT(room.error().message, HasSubstr(path_ + " cannot be replaced: "));
}
}  // namespace
}  // namespace tandem
