#include "flare/tls/certificate_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace flare::tls {
namespace {

using test::certificate_for;
using test::KeyKind;
using testing::ElementsAre;
using testing::IsEmpty;
using Chosen = std::vector<std::shared_ptr<const Certificate>>;

CertificatePool pool_of(const Chosen& certificates, std::size_t default_index = SIZE_MAX) {
  std::vector<CertificatePool::Member> members;
  for (std::size_t i = 0; i < certificates.size(); ++i) members.push_back({certificates[i], i == default_index});
  return CertificatePool(std::move(members));
}
Chosen found(const CertificatePool& pool, std::string_view name) {
  const auto entry = pool.find(name);
  return entry ? pool.entries()[*entry].certificates : Chosen{};
}
Chosen fallback(const CertificatePool& pool) {
  return pool.fallback() ? pool.entries()[*pool.fallback()].certificates : Chosen{};
}

TEST(CertificatePool, FindsByEachOfTheNames) {
  const auto one = certificate_for({"a.example.com", "b.example.com"});
  const auto other = certificate_for({"c.example.com"});
  const CertificatePool pool = pool_of({one, other});
  EXPECT_THAT(found(pool, "a.example.com"), ElementsAre(one));
  EXPECT_THAT(found(pool, "b.example.com"), ElementsAre(one));
  EXPECT_THAT(found(pool, "c.example.com"), ElementsAre(other));
  EXPECT_THAT(found(pool, "d.example.com"), IsEmpty());
  EXPECT_THAT(found(pool, ""), IsEmpty());
  EXPECT_EQ(pool.find("a.example.com"), pool.find("b.example.com"));
  EXPECT_EQ(pool.entries().size(), 2U);
}

TEST(CertificatePool, PrefersTheExactName) {
  const auto wildcard = certificate_for({"*.example.com"});
  const auto exact = certificate_for({"www.example.com"});
  const CertificatePool pool = pool_of({wildcard, exact});
  EXPECT_THAT(found(pool, "www.example.com"), ElementsAre(exact));
  EXPECT_THAT(found(pool, "api.example.com"), ElementsAre(wildcard));
}

TEST(CertificatePool, TakesAStarForOneLabel) {
  const auto wildcard = certificate_for({"*.example.com"});
  const CertificatePool pool = pool_of({wildcard});
  EXPECT_THAT(found(pool, "a.b.example.com"), IsEmpty());
  EXPECT_THAT(found(pool, "example.com"), IsEmpty());
  EXPECT_THAT(found(pool, ".example.com"), IsEmpty());
  EXPECT_THAT(found(pool, "com"), IsEmpty());
  EXPECT_THAT(found(pool, "a."), IsEmpty());
  EXPECT_THAT(found(pool, std::string(63, 'a') + ".example.com"), ElementsAre(wildcard));
}

TEST(CertificatePool, FindsNothingForANameOfAnyLength) {
  const CertificatePool pool = pool_of({certificate_for({"*.example.com"})});
  for (const std::size_t size : {252U, 253U, 254U, 255U, 256U, 1000U, 100'000U}) {
    EXPECT_THAT(found(pool, "a." + std::string(size, 'b')), IsEmpty());
    EXPECT_THAT(found(pool, std::string(size, 'b') + ".a"), IsEmpty());
    EXPECT_THAT(found(pool, std::string(size, 'b')), IsEmpty());
  }
}

TEST(CertificatePool, PairsKeysOfDifferentKinds) {
  const auto rsa = certificate_for({"www.example.com", "rsa.example.com"}, KeyKind::kRsa2048);
  const auto ecdsa = certificate_for({"www.example.com"}, KeyKind::kP256);
  const auto ed25519 = certificate_for({"www.example.com"}, KeyKind::kEd25519);
  const CertificatePool pool = pool_of({ed25519, rsa, ecdsa});
  EXPECT_THAT(found(pool, "www.example.com"), ElementsAre(ecdsa, rsa, ed25519));
  EXPECT_THAT(found(pool, "rsa.example.com"), ElementsAre(rsa));
}

TEST(CertificatePool, KeepsTheFirstOfAKind) {
  const auto first = certificate_for({"www.example.com"}, KeyKind::kP256);
  const auto second = certificate_for({"www.example.com", "api.example.com"}, KeyKind::kP384);
  const CertificatePool pool = pool_of({first, second});
  EXPECT_THAT(found(pool, "www.example.com"), ElementsAre(first));
  EXPECT_THAT(found(pool, "api.example.com"), ElementsAre(second));
}

TEST(CertificatePool, FindsByAddress) {
  const auto made = test::make_certificate({.names = {"IP:192.0.2.1", "IP:2001:db8::1"}});
  const CertificatePool pool = pool_of({made, certificate_for({"www.example.com"})});
  EXPECT_THAT(found(pool, "192.0.2.1"), ElementsAre(made));
  EXPECT_THAT(found(pool, "2001:db8::1"), ElementsAre(made));
  EXPECT_THAT(found(pool, "192.0.2.2"), IsEmpty());
}

TEST(CertificatePool, FallsBackOnTheOnlyOneOrTheDefault) {
  const auto one = certificate_for({"one.example.com"});
  const auto other = certificate_for({"other.example.com"});
  EXPECT_THAT(fallback(pool_of({one})), ElementsAre(one));
  EXPECT_THAT(fallback(pool_of({one, other})), IsEmpty());
  EXPECT_THAT(fallback(pool_of({one, other}, 1)), ElementsAre(other));
  EXPECT_EQ(pool_of({}).fallback(), std::nullopt);
}

TEST(CertificatePool, FallsBackOnWhatIsPairedWithTheDefault) {
  const auto rsa = certificate_for({"www.example.com"}, KeyKind::kRsa2048);
  const auto ecdsa = certificate_for({"www.example.com"});
  EXPECT_THAT(fallback(pool_of({rsa, ecdsa, certificate_for({"api.example.com"})}, 0)), ElementsAre(ecdsa, rsa));
}

// Its names are taken by one before it: for those who name nobody it serves all the same.
TEST(CertificatePool, FallsBackOnADefaultThatNoNameLeadsTo) {
  const auto first = certificate_for({"www.example.com"});
  const auto second = certificate_for({"www.example.com"}, KeyKind::kP384);
  const CertificatePool pool = pool_of({first, second}, 1);
  EXPECT_THAT(found(pool, "www.example.com"), ElementsAre(first));
  EXPECT_THAT(fallback(pool), ElementsAre(second));
}

TEST(CertificatePool, ServesOneWithoutNamesAsTheFallbackOnly) {
  const auto nameless = certificate_for({});
  EXPECT_THAT(fallback(pool_of({nameless})), ElementsAre(nameless));
  const auto named = certificate_for({"www.example.com"});
  EXPECT_THAT(fallback(pool_of({named, nameless}, 1)), ElementsAre(nameless));
  EXPECT_THAT(fallback(pool_of({named, nameless})), IsEmpty());
}

}  // namespace
}  // namespace flare::tls
