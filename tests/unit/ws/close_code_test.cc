#include "flare/ws/close_code.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

namespace flare::ws {
namespace {

std::string body_of(int code, std::string_view reason = {}) {
  return {std::string{static_cast<char>(code >> 8), static_cast<char>(code)} + std::string(reason)};
}

TEST(CloseCode, OnlyRegisteredAndPrivateOnesAreValid) {  // W-11
  const std::set<int> registered = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014};
  for (int code = 0; code <= 0xFFFF; ++code) {
    const bool valid = registered.contains(code) || (code >= 3000 && code <= 4999);
    ASSERT_EQ(is_valid(static_cast<CloseCode>(code)), valid) << code;
    const std::string body = body_of(code, "bye");
    const auto parsed = parse_close_body(body);
    ASSERT_EQ(parsed.has_value(), valid) << code;
    if (parsed) {
      ASSERT_EQ(static_cast<int>(parsed->code), code);
      ASSERT_EQ(parsed->reason, "bye");
    } else {
      ASSERT_EQ(parsed.error(), Reason::kWsBadClose);
    }
  }
}

TEST(CloseBody, EmptyIsNoStatusAndOneByteIsNone) {
  EXPECT_EQ(parse_close_body("")->code, CloseCode::kNoStatus);
  EXPECT_EQ(parse_close_body("\x03").error(), Reason::kWsBadClose);
}

TEST(CloseBody, ReasonIsUtf8) {  // W-8
  EXPECT_EQ(parse_close_body(body_of(1000, "caf\xC3\xA9"))->reason, "caf\xC3\xA9");
  EXPECT_EQ(parse_close_body(body_of(1000, "caf\xC3")).error(), Reason::kWsUtf8);
}

TEST(CloseBody, WrittenAsItIsRead) {
  std::array<char, 125> out;
  const auto written = [&out](CloseCode code, std::string_view reason) {
    return std::string(out.data(), write_close_body(out.data(), {code, reason}));
  };
  EXPECT_EQ(written(CloseCode::kNormal, "bye"), body_of(1000, "bye"));
  EXPECT_EQ(written(CloseCode::kNoStatus, ""), "");
  EXPECT_EQ(written(CloseCode::kGoingAway, std::string(200, 'x')), body_of(1001, std::string(123, 'x')));
  EXPECT_EQ(written(CloseCode::kGoingAway, std::string(122, 'x') + "\xE2\x82\xAC"),
            body_of(1001, std::string(122, 'x')))
      << "a character is not cut";
}

TEST(CloseCode, PeersAreToldWhy) {
  EXPECT_EQ(close_code_for(Reason::kWsBadFrame), CloseCode::kProtocolError);
  EXPECT_EQ(close_code_for(Reason::kWsMasking), CloseCode::kProtocolError);
  EXPECT_EQ(close_code_for(Reason::kWsBadClose), CloseCode::kProtocolError);
  EXPECT_EQ(close_code_for(Reason::kWsUtf8), CloseCode::kInvalidPayload);
  EXPECT_EQ(close_code_for(Reason::kWsDeflate), CloseCode::kInvalidPayload);
  EXPECT_EQ(close_code_for(Reason::kWsMessageBytes), CloseCode::kMessageTooBig);
  EXPECT_EQ(close_code_for(Reason::kWsFragments), CloseCode::kMessageTooBig);
  EXPECT_EQ(close_code_for(Reason::kWsPingTimeout), CloseCode::kInternalError);
  EXPECT_EQ(close_code_for(Reason::kDraining), CloseCode::kGoingAway);
  EXPECT_EQ(close_code_for(Reason::kNone), CloseCode::kNormal);
}

}  // namespace
}  // namespace flare::ws
