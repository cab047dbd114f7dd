#include "flare/tls/session_cache.h"

#include <gtest/gtest.h>

namespace flare::tls {
namespace {

SslSessionPtr make_session(int version) {
  SslSessionPtr session(SSL_SESSION_new());
  SSL_SESSION_set_protocol_version(session.get(), version);
  return session;
}

TEST(SessionCache, GivesASessionOfTls13OutOnce) {
  SessionCache cache(2);
  SslSessionPtr session = make_session(TLS1_3_VERSION);
  SSL_SESSION* const put = session.get();
  cache.put("a 443", std::move(session));
  EXPECT_EQ(cache.take("b 443"), nullptr);
  EXPECT_EQ(cache.take("a 443").get(), put);
  EXPECT_EQ(cache.take("a 443"), nullptr);
}

TEST(SessionCache, GivesCopiesOfASessionOfTls12) {
  SessionCache cache(2);
  cache.put("a 443", make_session(TLS1_2_VERSION));
  const SslSessionPtr first = cache.take("a 443");
  const SslSessionPtr second = cache.take("a 443");
  ASSERT_NE(first, nullptr);
  ASSERT_NE(second, nullptr);
  EXPECT_NE(first, second);
}

TEST(SessionCache, KeepsTheNewestOfEachServer) {
  SessionCache cache(2);
  cache.put("a 443", make_session(TLS1_3_VERSION));
  SslSessionPtr newer = make_session(TLS1_3_VERSION);
  SSL_SESSION* const put = newer.get();
  cache.put("a 443", std::move(newer));
  EXPECT_EQ(cache.take("a 443").get(), put);
  EXPECT_EQ(cache.take("a 443"), nullptr);
}

TEST(SessionCache, IsBounded) {
  SessionCache cache(2);
  cache.put("a 443", make_session(TLS1_3_VERSION));
  cache.put("b 443", make_session(TLS1_3_VERSION));
  cache.put("a 443", make_session(TLS1_3_VERSION));  // now b has waited longest
  cache.put("c 443", make_session(TLS1_3_VERSION));
  EXPECT_EQ(cache.take("b 443"), nullptr);
  EXPECT_NE(cache.take("a 443"), nullptr);
  EXPECT_NE(cache.take("c 443"), nullptr);
}

TEST(SessionCache, OfNothingKeepsNothing) {
  SessionCache cache(0);
  cache.put("a 443", make_session(TLS1_3_VERSION));
  EXPECT_EQ(cache.take("a 443"), nullptr);
}

}  // namespace
}  // namespace flare::tls
