// Golden files: NAME.toml-test holds a configuration, a line of dashes, and what the loader says to it: its
// diagnostics, and the effective configuration where there is no error. Lines that begin with "#: " set the stage:
//   #: env NAME=VALUE       an environment variable
//   #: home PATH            a home directory
//   #: dir PATH MODE        a folder (octal mode); "unreadable" instead of a mode
//   #: file PATH MODE       the lines up to the next "#: file" are that file's content
//   #: show origins | json | json-origins | diagnostics-json | nothing    instead of the plain dump
//   #: strict
// FLARE_UPDATE_GOLDEN=1 rewrites the expectations: read the diff before you commit it.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/config/dump.h"
#include "server/config/load.h"
#include "tests/config/memory_files.h"

namespace flare::server::config {
namespace {

constexpr const char* kMain = "flare.toml";
constexpr std::string_view kDashes = "----------\n";

std::string slurp(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

struct Stage {
  MemoryFiles files;
  std::string show;
  bool strict = false;
};

MemoryFiles::Entry entry_with(const std::string& mode) {
  if (mode == "unreadable") return {.readable = false};
  return {.mode = static_cast<unsigned>(std::stoul(mode.empty() ? "0640" : mode, nullptr, 8))};
}

Stage read_stage(const std::string& input) {
  Stage stage;
  stage.files.entries[kMain] = {};
  stage.files.entries["."] = {.mode = 0755, .is_directory = true};
  std::string file = kMain;
  std::istringstream lines(input);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string mark, what, first, second;
    words >> mark >> what >> first >> second;
    if (mark != "#:") {
      stage.files.entries[file].text += line + '\n';
    } else if (what == "env") {
      stage.files.variables[first.substr(0, first.find('='))] = first.substr(first.find('=') + 1);
    } else if (what == "home") {
      stage.files.home_folders.push_back(first);
    } else if (what == "dir") {
      stage.files.entries[first] = entry_with(second);
      stage.files.entries[first].is_directory = true;
    } else if (what == "file") {
      file = first;
      stage.files.entries[file] = entry_with(second);
    } else if (what == "show") {
      stage.show = first;
    } else if (what == "strict") {
      stage.strict = true;
    } else {
      ADD_FAILURE() << "unknown stage direction: " << line;
    }
  }
  return stage;
}

std::string run(const Stage& stage) {
  const LoadResult result = load(kMain, {.files = &stage.files, .strict = stage.strict});
  if (stage.show == "diagnostics-json") return to_json(result.diagnostics);
  std::string out = to_text(result.diagnostics);
  if (!result.ok() || stage.show == "nothing") return out;
  if (stage.show == "json" || stage.show == "json-origins") return out + dump_json(result.config, stage.show != "json");
  return out + dump_toml(result.config, stage.show == "origins");
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FLARE_GOLDEN_FOLDER)) {
    if (entry.path().extension() == ".toml-test") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

class Golden : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(Golden, SaysWhatIsExpected) {
  const std::string whole = slurp(GetParam());
  const std::size_t dashes = whole.find(kDashes);
  ASSERT_NE(dashes, std::string::npos) << "no line of dashes";
  const std::string input = whole.substr(0, dashes);
  const std::string actual = run(read_stage(input));
  if (std::getenv("FLARE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(GetParam(), std::ios::binary) << input << kDashes << actual;
  }
  EXPECT_EQ(actual, slurp(GetParam()).substr(dashes + kDashes.size()));
}

std::string test_name(const testing::TestParamInfo<std::filesystem::path>& info) {
  std::string name = info.param.stem().string();
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Config, Golden, testing::ValuesIn(golden_files()), test_name);

TEST(GoldenFiles, CoverEveryDiagnosticOfTheLoader) {
  std::string all;
  for (const auto& path : golden_files()) {
    const std::string whole = slurp(path);
    all += whole.substr(std::min(whole.size(), whole.find(kDashes)));
  }
  for (const char* id : {"FL0001", "FL0002", "FL0003", "FL0004", "FL0005", "FL0006", "FL0007", "FL0101",
                         "FL0102", "FL0103", "FL0104", "FL0105", "FL0106", "FL0107", "FL0201", "FL0202",
                         "FL0301", "FL0302", "FL0303", "FL0304", "FL0401", "FL0402", "FL0403"}) {
    EXPECT_NE(all.find(id), std::string::npos) << id;
  }
}

// What -T prints is a configuration again, with the same effect.
TEST(GoldenFiles, DumpsLoadToTheSameDump) {
  int compared = 0;
  for (const auto& path : golden_files()) {
    const std::string whole = slurp(path);
    Stage stage = read_stage(whole.substr(0, whole.find(kDashes)));
    const LoadResult first = load(kMain, {.files = &stage.files});
    if (!first.ok()) continue;
    const std::string dump = dump_toml(first.config);
    const LoadResult second = load_text(kMain, dump, {.files = &stage.files});
    ASSERT_TRUE(second.ok()) << path << '\n' << to_text(second.diagnostics) << dump;
    EXPECT_EQ(dump_toml(second.config), dump) << path;
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

}  // namespace
}  // namespace flare::server::config
