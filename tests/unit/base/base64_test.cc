#include "flare/base/base64.h"

#include <gtest/gtest.h>

namespace flare {
namespace {

TEST(Base64, VectorsOfTheRfc) {  // RFC 4648 §10
  struct Case {
    std::string_view bytes;
    std::string_view text;
  };
  for (const auto& [bytes, text] : {Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
                                    Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="}, Case{"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text), bytes);
  }
}

TEST(Base64, EveryByteSurvives) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size)
    ASSERT_EQ(base64_decode(base64_encode(all.substr(0, size))), all.substr(0, size));
}

TEST(Base64, RefusesWhatIsNotTheOneTextOfAValue) {
  for (const std::string_view text : {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8=Zm8=", "=", "====", "Zm9v ",
                                      "Zm-_", "Zm9v\n", "Zm=v", "Z===", "\xC3\xA9==", "A=AA"})
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
}

}  // namespace
}  // namespace flare
