#include "flare/http/method.h"

#include <gtest/gtest.h>

namespace flare::http {
namespace {

TEST(Method, EveryNamedMethodRoundTrips) {
  struct Case {
    std::string_view token;
    Method method;
  };
  for (const auto& [token, method] :
       {Case{"GET", Method::kGet}, Case{"HEAD", Method::kHead}, Case{"POST", Method::kPost}, Case{"PUT", Method::kPut},
        Case{"DELETE", Method::kDelete}, Case{"CONNECT", Method::kConnect}, Case{"OPTIONS", Method::kOptions},
        Case{"TRACE", Method::kTrace}, Case{"PATCH", Method::kPatch}}) {
    EXPECT_EQ(parse_method(token), method) << token;
    EXPECT_EQ(to_string(method), token);
  }
}

TEST(Method, AnythingElseIsOther) {
  for (const std::string_view token : {"", "get", "Get", "GETS", "GE", " GET", "PURGE", "HEA", "M-SEARCH"}) {
    EXPECT_EQ(parse_method(token), Method::kOther) << token;
  }
  EXPECT_EQ(to_string(Method::kOther), "");
}

}  // namespace
}  // namespace flare::http
