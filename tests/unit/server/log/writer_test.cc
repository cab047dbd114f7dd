#include "server/log/writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>

#include "tests/support/temp_folder.h"

namespace flare::server::log {
namespace {

std::vector<Sink> sink_at(const std::filesystem::path& path) {
  std::vector<Sink> sinks;
  sinks.emplace_back(config::LogTarget{.kind = config::LogTarget::Kind::kFile, .path = path.string()});
  return sinks;
}
std::string slurp(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}
void ignore(const std::string&) {}

/// A named pipe whose reader reads only when told to.
class Fifo {
 public:
  explicit Fifo(const std::filesystem::path& path) {
    if (::mkfifo(path.c_str(), 0600) != 0) std::abort();
    reader_ = net::UniqueFd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  }
  void fill() {
    const std::array<char, 4096> page{};
    while (::write(reader_.get(), page.data(), page.size()) > 0) continue;
    ASSERT_EQ(errno, EAGAIN);
  }
  void empty() {
    std::array<char, 65536> bytes{};
    while (::read(reader_.get(), bytes.data(), bytes.size()) > 0) continue;
    ASSERT_EQ(errno, EAGAIN);
  }

 private:
  net::UniqueFd reader_;
};

TEST(Writer, WritesEveryBatchToEverySinkInOrder) {
  const test::TempFolder folder;
  {
    auto sinks = sink_at(folder / "one");
    sinks.push_back(std::move(sink_at(folder / "two").front()));
    Writer writer(std::move(sinks), ignore);
    writer.submit("1\n2\n", 2);
    writer.submit("3\n", 1);
    EXPECT_EQ(writer.dropped(), 0U);
  }
  EXPECT_EQ(slurp(folder / "one"), "1\n2\n3\n");
  EXPECT_EQ(slurp(folder / "two"), "1\n2\n3\n");
}

TEST(Writer, DropsAndCountsWhatABlockedSinkCannotTakeAndTellsOf) {
  const test::TempFolder folder;
  Fifo fifo(folder / "pipe");
  std::promise<std::string> told;
  Writer writer(sink_at(folder / "pipe"), [&](const std::string& text) { told.set_value(text); });
  fifo.fill();
  writer.submit("a\nb\nc\n", 3);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (writer.dropped() == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_EQ(writer.dropped(), 3U);

  fifo.empty();
  writer.submit("d\n", 1);
  auto notice = told.get_future();
  ASSERT_EQ(notice.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_NE(notice.get().find("3 were dropped"), std::string::npos);
}

TEST(Writer, NeverKeepsMoreThanItsBound) {
  const test::TempFolder folder;
  Fifo fifo(folder / "pipe");
  Writer writer(sink_at(folder / "pipe"), ignore);
  writer.submit(std::string(Writer::kMaxPending + 1, 'x'), 7);
  EXPECT_EQ(writer.dropped(), 7U) << "at once: nobody waits";
}

TEST(Writer, ReopeningLosesNoLineAndKeepsTheOrder) {
  const test::TempFolder folder;
  std::string expected;
  int rotations = 0;
  {
    Writer writer(sink_at(folder / "log"), ignore);
    for (int line = 0; line < 1000; ++line) {
      const std::string text = std::to_string(line) + "\n";
      expected += text;
      writer.submit(text, 1);
      if (line % 100 == 99 && std::filesystem::exists(folder / "log")) {
        std::filesystem::rename(folder / "log", folder / ("log." + std::to_string(rotations++)));
        writer.reopen();
      }
    }
  }
  std::string all;
  for (int i = 0; i < rotations; ++i) all += slurp(folder / ("log." + std::to_string(i)));
  EXPECT_GE(rotations, 1);
  EXPECT_EQ(all + slurp(folder / "log"), expected);
}

TEST(Writer, TellsOfAFileThatCannotBeReopened) {
  const test::TempFolder folder;
  folder.write("logs/log", "");
  std::promise<std::string> told;
  Writer writer(sink_at(folder / "logs/log"), [&](const std::string& text) { told.set_value(text); });
  std::filesystem::rename(folder / "logs", folder / "moved");
  writer.reopen();
  auto notice = told.get_future();
  ASSERT_EQ(notice.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_NE(notice.get().find("the old file stays open"), std::string::npos);
}

}  // namespace
}  // namespace flare::server::log
