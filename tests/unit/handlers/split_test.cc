#include "flare/handlers/split.h"

#include <gtest/gtest.h>

#include <string>

#include "flare/http/response.h"
#include "support/parsed_request.h"

namespace flare::handlers {
namespace {

using test::ParsedRequest;

http::Handler says(const char* text) {
  return [text](const http::Request&) { return http::ok(text); };
}

int others(const Split& split, int requests, bool with_cookie) {
  int count = 0;
  for (int i = 0; i < requests; ++i) {
    const std::string cookie = "Cookie: id=" + std::to_string(i) + "\r\n";
    ParsedRequest request("GET", "/", with_cookie ? cookie : std::string());
    count += std::string(test::answer(split, request).body.bytes()) == "other" ? 1 : 0;
  }
  return count;
}

TEST(Split, SendsItsShareElsewhere) {
  EXPECT_EQ(others({says("usual"), says("other"), 0.0, {}}, 1000, false), 0);
  EXPECT_EQ(others({says("usual"), says("other"), 1.0, {}}, 1000, false), 1000);
  EXPECT_NEAR(others({says("usual"), says("other"), 0.25, {}}, 10'000, false), 2500, 250);  // over five sigma
  EXPECT_NEAR(others({says("usual"), says("other"), 0.25, HashKey::parse("cookie:id")}, 10'000, true), 2500, 250);
}

TEST(Split, ByAKeyEverybodyStaysWhereItIs) {
  const Split split(says("usual"), says("other"), 0.5, HashKey::parse("cookie:id"));
  EXPECT_EQ(others(split, 500, true), others(split, 500, true));
}

}  // namespace
}  // namespace flare::handlers
