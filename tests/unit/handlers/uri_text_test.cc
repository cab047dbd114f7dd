#include "flare/handlers/uri_text.h"

#include <gtest/gtest.h>

namespace flare::handlers {
namespace {

TEST(UriText, KeepsTripletsAndEncodesTheRest) {
  std::string out;
  append_uri_text(out, "/a%2f%zz\"'\r\n \x80#%");
  EXPECT_EQ(out, "/a%2f%25zz%22%27%0D%0A%20%80%23%25");
  EXPECT_TRUE(is_uri_text(out));
}

TEST(UriText, IsUriCharactersAndTripletsOnly) {
  for (const char* text : {"", "/a?b=c#d", "http://[::1]:80/", "%2F"}) EXPECT_TRUE(is_uri_text(text)) << text;
  for (const char* text : {"%2", "%zz", " ", "\"", "'", "<", "\r\n", "\x80", "{", "\\"})
    EXPECT_FALSE(is_uri_text(text)) << text;
}

}  // namespace
}  // namespace flare::handlers
