// What the tree ships: every file in conf/ loads without a word.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "flare/tls/self_signed.h"
#include "server/config/load.h"
#include "tests/support/temp_folder.h"

namespace flare::server::config {
namespace {

namespace fs = std::filesystem;

/// Where conf/ stands on a machine of its users: with the certificates that its files name.
void make_certificate(const fs::path& folder) {
  const auto made = tls::make_self_signed({"localhost"}, std::chrono::days(90));
  fs::create_directories(folder);
  std::ofstream(folder / "fullchain.pem") << made.chain_pem;
  std::ofstream(folder / "privkey.pem") << made.key_pem;
  ASSERT_EQ(::chmod((folder / "privkey.pem").c_str(), 0600), 0);
}

TEST(ShippedConfiguration, LoadsWithoutAWarning) {
  const test::TempFolder scratch;
  const fs::path conf = scratch / "conf";
  fs::copy(FLARE_SOURCE_FOLDER "/conf", conf, fs::copy_options::recursive);
  make_certificate(conf / "certs/localhost");
  int loaded = 0;
  for (const auto& entry : fs::recursive_directory_iterator(conf)) {
    if (entry.path().extension() != ".toml") continue;
    const LoadResult result = load(entry.path().string());
    EXPECT_EQ(to_text(result.diagnostics), "") << entry.path();
    ++loaded;
  }
  EXPECT_GE(loaded, 8);
}

}  // namespace
}  // namespace flare::server::config
