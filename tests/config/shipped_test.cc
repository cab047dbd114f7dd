// What the tree ships: every file in conf/ loads without a word.
#include <gtest/gtest.h>

#include <filesystem>

#include "flare/tls/self_signed.h"
#include "server/config/load.h"
#include "tests/support/temp_folder.h"

namespace flare::server::config {
namespace {

namespace fs = std::filesystem;

TEST(ShippedConfiguration, LoadsWithoutAWarning) {
  // In a copy, with the certificate that `./dev run conf/https.toml` makes.
  const test::TempFolder folder;
  fs::copy(FLARE_SOURCE_FOLDER "/conf", folder.path(), fs::copy_options::recursive);
  fs::remove_all(folder / "certs");  // one that was made here may have expired
  const tls::SelfSigned made = tls::make_self_signed({"localhost", "127.0.0.1", "::1"}, std::chrono::days(365));
  folder.write("certs/localhost/fullchain.pem", made.chain_pem);
  folder.write("certs/localhost/privkey.pem", made.key_pem);
  fs::permissions(folder / "certs/localhost/privkey.pem", fs::perms::owner_read);
  int loaded = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (entry.path().extension() != ".toml") continue;
    const LoadResult result = load(entry.path().string());
    EXPECT_EQ(to_text(result.diagnostics), "") << entry.path();
    ++loaded;
  }
  EXPECT_GE(loaded, 8);
}

}  // namespace
}  // namespace flare::server::config
