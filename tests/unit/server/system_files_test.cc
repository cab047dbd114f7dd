#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/config/load.h"

namespace flare::server::config {
namespace {

namespace fs = std::filesystem;

class SystemFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "flare-config-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string write(const std::string& name, const std::string& text) const {
    const fs::path path = folder_ / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }

  fs::path folder_;
};

TEST_F(SystemFilesTest, IncludesRootsAndSecretsAreRelativeToTheFileThatNamesThem) {
  const std::string main = write("flare.toml", "include = \"conf.d/*.toml\"\n[listen.web]\naddress = \":8080\"\n");
  write("conf.d/a.toml",
        "[host.a]\nnames = \"_\"\nheaders.set.X-T = \"@file:token\"\n"
        "[[host.a.route]]\npath = \"/**\"\nstatic.root = \"site\"\n");
  const std::string token = write("conf.d/token", "s3cret\n");
  fs::permissions(token, fs::perms::owner_read);
  fs::create_directories(folder_ / "conf.d/site");
  const LoadResult result = load(main);
  ASSERT_EQ(to_text(result.diagnostics), "");
  const Route& route = result.config.hosts.at(0).routes.at(0);
  EXPECT_EQ(std::get<StaticFiles>(route.action).root, (folder_ / "conf.d/site").string());
  EXPECT_EQ(route.settings.headers_set.at(0).value->text, "s3cret");
  EXPECT_EQ(route.path.origin.to_string(), (folder_ / "conf.d/a.toml").string() + ":5");
}

TEST_F(SystemFilesTest, RootThatContainsTheConfigurationIsRefusedThroughASymbolicLink) {
  const std::string main = write(
      "site/flare.toml", "[listen.web]\naddress = \":8080\"\n[[route]]\npath = \"/**\"\nstatic.root = \"../link\"\n");
  fs::create_directory_symlink(folder_ / "site", folder_ / "link");
  EXPECT_THAT(to_text(load(main).diagnostics), testing::HasSubstr("FL0402"));
}

TEST_F(SystemFilesTest, WorldWritableRootIsRefusedUnlessSticky) {
  const std::string main =
      write("flare.toml", "[listen.web]\naddress = \":8080\"\n[[route]]\npath = \"/**\"\nstatic.root = \"drop\"\n");
  fs::create_directory(folder_ / "drop");
  fs::permissions(folder_ / "drop", fs::perms::all);
  EXPECT_THAT(to_text(load(main).diagnostics), testing::HasSubstr("FL0403"));
  fs::permissions(folder_ / "drop", fs::perms::all | fs::perms::sticky_bit);
  EXPECT_EQ(to_text(load(main).diagnostics), "");
}

TEST_F(SystemFilesTest, MissingFileAndFolderInPlaceOfAFileAreOneError) {
  EXPECT_THAT(to_text(load((folder_ / "none.toml").string()).diagnostics),
              testing::HasSubstr("No such file or directory"));
  EXPECT_THAT(to_text(load(folder_.string()).diagnostics), testing::HasSubstr("Is a directory"));
}

}  // namespace
}  // namespace flare::server::config
