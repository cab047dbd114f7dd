// What the tree ships: every file in conf/ loads without a word.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "flare/tls/self_signed.h"
#include "server/config/load.h"
#include "tests/support/temp_folder.h"

namespace flare::server::config {
namespace {

namespace fs = std::filesystem;

/// A copy of conf/ with the certificates that its files name: no tree ships private keys. Loading minds the names in
/// them, not the kind of their keys.
class ShippedConfiguration : public testing::Test {
 protected:
  void SetUp() override {
    fs::copy(FLARE_SOURCE_FOLDER "/conf", folder_ / "conf", fs::copy_options::recursive);
    fs::remove_all(folder_ / "conf/certs");  // whatever ./dev run has made
    make("conf/certs/localhost", {"localhost", "127.0.0.1", "::1"});
    make("conf/examples/certs/example.com", {"example.com", "*.example.com"});
    make("conf/examples/certs/example.com-rsa", {"example.com", "*.example.com"});
    folder_.write("conf/examples/certs/clients-ca.pem", tls::make_self_signed({"ca"}, std::chrono::days(90)).chain_pem);
  }
  void make(const std::string& folder, const std::vector<std::string>& names) const {
    const tls::SelfSigned made = tls::make_self_signed(names, std::chrono::days(90));
    folder_.write(folder + "/fullchain.pem", made.chain_pem);
    folder_.write(folder + "/privkey.pem", made.key_pem);
    fs::permissions(folder_ / (folder + "/privkey.pem"), fs::perms::owner_read | fs::perms::owner_write);
  }

  test::TempFolder folder_;
};

TEST_F(ShippedConfiguration, LoadsWithoutAWarning) {
  std::set<std::string> loaded;
  for (const auto& entry : fs::recursive_directory_iterator(folder_ / "conf")) {
    if (entry.path().extension() != ".toml") continue;
    const LoadResult result = load(entry.path().string());
    EXPECT_EQ(to_text(result.diagnostics), "") << entry.path();
    loaded.insert(entry.path().filename());
  }
  EXPECT_GE(loaded.size(), 9U);
  EXPECT_TRUE(loaded.contains("https.toml") && loaded.contains("tls.toml"));
}

}  // namespace
}  // namespace flare::server::config
