#include "flare/handlers/listing.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "support/temp_folder.h"

namespace flare::handlers {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> names_of(const Listing& listing) {
  std::vector<std::string> names;
  for (const ListedName& item : listing.names) names.push_back(item.name);
  return names;
}

class ReadFolder : public testing::Test {
 protected:
  Listing read(std::size_t most, bool with_links = false) {
    net::UniqueFd folder(::open(folder_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    auto listing =
        read_folder(std::move(folder), {.most = most, .with_links = with_links, .only_utf8 = true},
                    [this](const std::string& name) {
                      struct stat status = {};
                      return ::stat((folder_ / name).c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
                    });
    EXPECT_TRUE(listing);
    return listing ? *listing : Listing();
  }

  test::TempFolder folder_;
};

TEST_F(ReadFolder, SortsFoldersFirstAndLeavesOutWhatNoRequestCanName) {
  for (const char* name : {"b", "a", "B", "z/x", "y/x", ".hidden", "back\\slash", "line\nbreak", "latin-\xE9"})
    folder_.write(name, "1");
  EXPECT_THAT(names_of(read(100)), testing::ElementsAre("y", "z", "B", "a", "b"));
}

TEST_F(ReadFolder, ShowsLinksAsWhatTheyLeadToOrNotAtAll) {
  folder_.write("file", "12345");
  std::filesystem::create_symlink("file", folder_ / "link");
  std::filesystem::create_symlink("nowhere", folder_ / "gone");
  EXPECT_THAT(names_of(read(100)), testing::ElementsAre("file"));
  const Listing listing = read(100, true);
  EXPECT_THAT(names_of(listing), testing::ElementsAre("file", "link"));
  EXPECT_EQ(listing.names.back().size, 5U);
}

TEST_F(ReadFolder, ShowsTheFirstWhereThereAreTooMany) {
  for (const char* name : {"4", "2", "0", "3", "1/x"}) folder_.write(name, "");
  EXPECT_FALSE(read(5).is_cut);
  const Listing cut = read(4);
  EXPECT_TRUE(cut.is_cut);
  EXPECT_THAT(names_of(cut), testing::ElementsAre("1", "0", "2", "3"));
  EXPECT_THAT(render_html(cut, "/"), HasSubstr("only the first 4 are shown"));
}

TEST(RenderListing, EscapesNamesForTextAndForReferences) {
  const Listing listing{
      .names = {{.name = "<b>&\"'", .size = 7}, {.name = "javascript:x?y#z"}, {.name = "\xE9\xC3\xA9"}}};
  const std::string page = render_html(listing, "/<i>/");
  EXPECT_THAT(page, HasSubstr("<title>/&lt;i&gt;/</title>"));
  EXPECT_THAT(page,
              HasSubstr("<a href=\"./%3Cb%3E%26%22%27\">&lt;b&gt;&amp;&quot;&#39;</a><td>7<td>1970-01-01T00:00:00Z"));
  EXPECT_THAT(page, HasSubstr("href=\"./javascript%3Ax%3Fy%23z\""));
  EXPECT_THAT(page, HasSubstr("href=\"./%E9%C3%A9\">\xEF\xBF\xBD\xC3\xA9</a>"));
  EXPECT_THAT(page, HasSubstr("href=\"../\""));
  EXPECT_THAT(render_html(listing, "/"), Not(HasSubstr("href=\"../\"")));
}

TEST(RenderListing, IsJson) {
  EXPECT_EQ(render_json({}), "[\n]\n");
  const Listing listing{
      .names = {{.name = "f", .is_folder = true, .modified = 951782400}, {.name = "\"\xFF", .size = 3}}};
  EXPECT_EQ(
      render_json(listing),
      "[\n{\"name\":\"f\",\"type\":\"folder\",\"modified\":\"2000-02-29T00:00:00Z\"},"
      "\n{\"name\":\"\\\"\xEF\xBF\xBD\",\"type\":\"file\",\"size\":3,\"modified\":\"1970-01-01T00:00:00Z\"}\n]\n");
}

}  // namespace
}  // namespace flare::handlers
