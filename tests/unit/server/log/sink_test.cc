#include "server/log/sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "flare/base/exception.h"
#include "tests/support/temp_folder.h"

namespace flare::server::log {
namespace {

config::LogTarget file_at(const std::filesystem::path& path) {
  return {.kind = config::LogTarget::Kind::kFile, .path = path.string()};
}
std::string slurp(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(Sink, AppendsToItsFileWhichOthersCannotRead) {
  const test::TempFolder folder;
  folder.write("log", "old\n");
  Sink sink(file_at(folder / "log"));
  EXPECT_TRUE(sink.write("new\n"));
  EXPECT_EQ(slurp(folder / "log"), "old\nnew\n");
  Sink fresh(file_at(folder / "fresh"));
  struct stat info{};
  ASSERT_EQ(::stat((folder / "fresh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0137, 0U);
}

TEST(Sink, AFileThatCannotBeOpenedIsNamed) {
  const test::TempFolder folder;
  try {
    const Sink sink(file_at(folder / "no/such/folder/log"));
    FAIL() << "opened";
  } catch (const Exception& exception) {
    EXPECT_THAT(exception.what(), testing::HasSubstr((folder / "no/such/folder/log").string()));
  }
}

TEST(Sink, ReopeningFollowsThePathAndKeepsTheOldFileWhereItCannot) {
  const test::TempFolder folder;
  folder.write("logs/log", "");
  Sink sink(file_at(folder / "logs/log"));
  ASSERT_TRUE(sink.write("1\n"));
  std::filesystem::rename(folder / "logs/log", folder / "logs/log.1");
  ASSERT_TRUE(sink.write("2\n"));
  sink.reopen();
  ASSERT_TRUE(sink.write("3\n"));
  EXPECT_EQ(slurp(folder / "logs/log.1"), "1\n2\n");
  EXPECT_EQ(slurp(folder / "logs/log"), "3\n");
  std::filesystem::rename(folder / "logs", folder / "moved");
  EXPECT_THROW(sink.reopen(), Exception);
  EXPECT_TRUE(sink.write("4\n"));
  EXPECT_EQ(slurp(folder / "moved/log"), "3\n4\n");
}

TEST(Sink, SaysWhenTheDiskIsFull) {
  Sink sink(file_at("/dev/full"));
  EXPECT_FALSE(sink.write("line\n"));
}

}  // namespace
}  // namespace flare::server::log
