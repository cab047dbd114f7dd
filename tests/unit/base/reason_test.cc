#include "flare/base/reason.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace flare {
namespace {

TEST(Reason, EveryReasonHasItsOwnSnakeCaseName) {
  EXPECT_EQ(to_string(Reason::kNone), "");
  std::set<std::string_view> seen;
  for (std::size_t i = 1; i < static_cast<std::size_t>(Reason::kCount_); ++i) {
    const std::string_view name = to_string(static_cast<Reason>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_TRUE(std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    })) << name;
    EXPECT_TRUE(seen.insert(name).second) << name << " is used twice";
  }
}

TEST(Reason, NamesStandWhereTheirReasonsDo) {
  struct Case {
    Reason reason;
    std::string_view name;
  };
  for (const auto& [reason, name] :
       {Case{Reason::kBadRequestLine, "bad_request_line"}, Case{Reason::kUriBytes, "uri_bytes"},
        Case{Reason::kEncodedSlash, "encoded_slash"}, Case{Reason::kBodyBytes, "body_bytes"},
        Case{Reason::kFileMissing, "file_missing"}, Case{Reason::kHeaderTimeout, "header_timeout"},
        Case{Reason::kRateLimited, "rate_limited"}, Case{Reason::kWsUtf8, "ws_utf8"},
        Case{Reason::kDraining, "draining"}}) {
    EXPECT_EQ(to_string(reason), name);
  }
}

}  // namespace
}  // namespace flare
