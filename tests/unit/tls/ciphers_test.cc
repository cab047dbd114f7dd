#include "flare/tls/ciphers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

#include "flare/tls/server_context.h"

namespace flare::tls {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> weak(const std::string& list) { return cipher_faults(list).weak; }

TEST(Ciphers, OfTheDefaultHaveNoFaults) {
  for (const char* list : {kIntermediateCiphers, "ECDHE+AESGCM:ECDHE+CHACHA20:!PSK:-AES256:@STRENGTH"}) {
    const CipherFaults faults = cipher_faults(list);
    EXPECT_THAT(faults.weak, IsEmpty());
    EXPECT_THAT(faults.unknown, IsEmpty());
    EXPECT_FALSE(faults.none);
  }
}

TEST(Ciphers, ThatOpenSslWouldSkipAreNamed) {
  const CipherFaults faults =
      cipher_faults("ECDHE-RSA-AES128-GCM-SHA265:ECDHE-RSA-AES128-GCM-SHA256,!NULLL @SECLEVEL=0");
  EXPECT_THAT(faults.unknown, ElementsAre("ECDHE-RSA-AES128-GCM-SHA265", "NULLL", "@SECLEVEL=0"));
  EXPECT_FALSE(faults.none);
}

TEST(Ciphers, WithoutForwardSecrecyOrAuthenticatedEncryptionAreWeak) {
  EXPECT_THAT(weak("AES128-GCM-SHA256"), ElementsAre("AES128-GCM-SHA256"));
  EXPECT_THAT(weak("ECDHE-RSA-AES128-SHA256"), ElementsAre("ECDHE-RSA-AES128-SHA256"));
  EXPECT_THAT(weak("DHE-RSA-AES128-GCM-SHA256"), ElementsAre("DHE-RSA-AES128-GCM-SHA256"));
  EXPECT_THAT(weak("ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA"), ElementsAre("AES256-SHA"));
}

TEST(Ciphers, OfAGroupAreLookedAtOneByOne) {
  const auto found = weak("HIGH");
  EXPECT_THAT(found, Contains("AES256-GCM-SHA384"));
  EXPECT_THAT(found, Not(Contains("ECDHE-RSA-AES256-GCM-SHA384")));
}

TEST(Ciphers, ThatNobodyKnowsAreNone) {
  for (const char* list : {"", "intermedate", "TLS_AES_128_GCM_SHA256", ":", "!ALL"})
    EXPECT_TRUE(cipher_faults(list).none) << list;
  EXPECT_EQ(ERR_peek_error(), 0U);  // no trace for whoever calls OpenSSL next
}

}  // namespace
}  // namespace flare::tls
