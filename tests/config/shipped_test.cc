// What the tree ships: every file in conf/ loads without a word.
#include <gtest/gtest.h>

#include <filesystem>

#include "server/config/load.h"

namespace flare::server::config {
namespace {

TEST(ShippedConfiguration, LoadsWithoutAWarning) {
  int loaded = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(FLARE_SOURCE_FOLDER "/conf")) {
    if (entry.path().extension() != ".toml") continue;
    const LoadResult result = load(entry.path().string());
    EXPECT_EQ(to_text(result.diagnostics), "") << entry.path();
    ++loaded;
  }
  EXPECT_GE(loaded, 7);
}

}  // namespace
}  // namespace flare::server::config
