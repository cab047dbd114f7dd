#include "server/site/certificates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "flare/tls/self_signed.h"
#include "server/config/load.h"
#include "server/site/explain.h"
#include "tests/config/memory_files.h"
#include "tests/support/temp_folder.h"

namespace flare::server::site {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A configuration whose certificates are files in memory, as far as the loader is concerned.
class CertificatesTest : public testing::Test {
 protected:
  void add(const std::string& folder, const std::vector<std::string>& names, int days = 90, const char* more = "") {
    const tls::SelfSigned made = tls::make_self_signed(names, std::chrono::days(days));
    files_.entries[folder + "/chain"] = {.text = made.chain_pem, .mode = 0644};
    files_.entries[folder + "/key"] = {.text = made.key_pem, .mode = 0600};
    text_ += "[[tls.cert]]\nchain = \"" + folder + "/chain\"\nkey = \"" + folder + "/key\"\n" + more;
  }
  void host(const std::string& name, const std::string& names, const std::string& listen = "\"https\"") {
    text_ += "[host." + name + "]\nnames = [" + names + "]\nlisten = [" + listen + "]\n[[host." + name +
             ".route]]\npath = \"/" + name + "\"\nrespond = { text = \"a\" }\n";
  }
  config::Config load() {
    config::LoadResult loaded = config::load_text("/etc/flare.toml", text_, {.files = &files_});
    return std::move(loaded.config);
  }
  static Certificates certificates(const config::Config& config) { return {config, std::chrono::system_clock::now()}; }
  /// "host: names; ..." for the certificate at `place`.
  static std::string users(const config::Config& config, std::size_t place) {
    std::string text;
    const Certificates all = certificates(config);
    for (const Certificates::Use& use : all.entries().at(place).used_by) {
      text += config.hosts[use.host].name + ":";
      for (const std::string& name : use.names) text += " " + name;
      text += ";";
    }
    return text;
  }

  config::MemoryFiles files_;
  std::string text_ =
      "[listen.https]\naddress = \"127.0.0.1:443\"\ntls = true\n[listen.http]\naddress = \"127.0.0.1:80\"\n";
};

TEST_F(CertificatesTest, AreUsedByTheHostsWhoseNamesTheyCover) {
  add("/wild", {"example.com", "*.example.com"}, 90, "default = true\n");
  add("/exact", {"www.example.com"});
  add("/idle", {"example.net"});
  host("www", "\"www.example.com\", \"example.com\"");
  host("api", "\"api.example.com\"");
  host("any", "\"_\"");
  host("plain", "\"example.net\"", "\"http\"");
  const config::Config config = load();
  EXPECT_EQ(users(config, 0), "www: example.com;api: api.example.com;any: _;");
  EXPECT_EQ(users(config, 1), "www: www.example.com;") << "an exact name wins over the wildcard";
  EXPECT_EQ(users(config, 2), "") << "the host that it covers speaks no TLS";
}

TEST_F(CertificatesTest, TheUnknownAreServedOnlyWhereThePolicySaysSo) {
  add("/a", {"a.example.com"}, 90, "default = true\n");
  const config::Config strict = load();
  EXPECT_THAT(certificates(strict).serving("b.example.com"), IsEmpty());
  EXPECT_THAT(certificates(strict).serving(""), ElementsAre(0)) << "who names nobody gets the default";
  text_ += "[tls]\nunknown_sni = \"default-cert\"\n";
  const config::Config open = load();
  EXPECT_THAT(certificates(open).serving("b.example.com"), ElementsAre(0));
}

TEST_F(CertificatesTest, OfSeveralNoneServesWhoNamesNobodyWithoutADefault) {
  add("/a", {"a.example.com"});
  add("/b", {"b.example.com"});
  const config::Config config = load();
  EXPECT_THAT(certificates(config).serving(""), IsEmpty());
  EXPECT_THAT(certificates(config).serving("b.example.com"), ElementsAre(1));
}

TEST_F(CertificatesTest, AnExpiredOneIsListedWithWhoWouldUseIt) {
  const test::TempFolder folder;
  const tls::SelfSigned made = tls::make_self_signed({"www.example.com"}, std::chrono::days(0));
  folder.write("chain", made.chain_pem);
  folder.write("key", made.key_pem);
  std::filesystem::permissions(folder / "key", std::filesystem::perms::owner_read);
  text_ += "[[tls.cert]]\nchain = \"" + folder.path() + "/chain\"\nkey = \"" + folder.path() + "/key\"\n";
  host("www", "\"www.example.com\"");
  config::LoadResult loaded = config::load_text("flare.toml", text_);
  ASSERT_FALSE(loaded.ok());
  const Certificates found(loaded.config, std::chrono::system_clock::now());
  ASSERT_EQ(found.entries().size(), 1U);
  ASSERT_TRUE(found.entries()[0].certificate);
  EXPECT_THAT(found.entries()[0].problems, ElementsAre(testing::StartsWith("expired on ")));
  EXPECT_EQ(found.entries()[0].used_by.size(), 1U);
}

TEST_F(CertificatesTest, WhatCannotBeReadIsListedWithTheReason) {
  text_ += "[[tls.cert]]\nchain = \"/no/such/chain\"\nkey = \"/no/such/key\"\n";
  const config::Config config = load();
  const Certificates found = certificates(config);
  ASSERT_EQ(found.entries().size(), 1U);
  EXPECT_FALSE(found.entries()[0].certificate);
  EXPECT_THAT(found.entries()[0].problems, ElementsAre(testing::HasSubstr("/no/such/key: cannot be read")));
}

class ExplainTlsTest : public CertificatesTest {
 protected:
  void SetUp() override {
    add("/a", {"*.example.com"}, 90, "default = true\n");
    host("www", "\"www.example.com\"");
    host("admin", "\"admin.example.com\"");
    text_ += "[host.admin.client_auth]\nca = \"/a/chain\"\n";
    host("plain", "\"www.example.com\"", "\"http\"");
    snapshot_ = std::make_unique<Snapshot>(load());
  }
  Explanation ask(const std::string& url) {
    const auto found = explain(*snapshot_, {.method = "GET", .url = url, .fields = {}});
    if (!found) throw std::logic_error(found.error());
    return *found;
  }
  const std::string& host_of(const Explanation& found) { return snapshot_->config().hosts.at(found.host.value()).name; }

  std::unique_ptr<Snapshot> snapshot_;
};

TEST_F(ExplainTlsTest, TheSchemeChoosesTheListener) {
  EXPECT_EQ(host_of(ask("https://www.example.com/www")), "www");
  EXPECT_EQ(host_of(ask("http://www.example.com/www")), "plain");
  EXPECT_FALSE(ask("http://www.example.com/www").handshake);
  const Explanation other_port = ask("https://www.example.com:8443/www");
  EXPECT_FALSE(other_port.listener_by_port);
  EXPECT_EQ(host_of(other_port), "www") << "there is one for https alone";
}

TEST_F(ExplainTlsTest, TheHandshakeIsThatOfTheUrlsHost) {
  const auto www = ask("https://WWW.example.com/www").handshake;
  ASSERT_TRUE(www);
  EXPECT_EQ(www->server_name, "www.example.com");
  EXPECT_THAT(www->certificates, ElementsAre(0));
  EXPECT_FALSE(www->client_auth);
  const auto admin = ask("https://admin.example.com/admin").handshake;
  ASSERT_TRUE(admin && admin->client_auth);
  EXPECT_EQ(snapshot_->config().hosts[*admin->client_auth].name, "admin");
}

TEST_F(ExplainTlsTest, AnAddressIsNoServerName) {
  for (const char* url : {"https://127.0.0.1/", "https://[::1]/"}) {
    const auto found = ask(url).handshake;
    ASSERT_TRUE(found) << url;
    EXPECT_EQ(found->server_name, "") << url;
    EXPECT_THAT(found->certificates, ElementsAre(0)) << url;
  }
}

TEST_F(ExplainTlsTest, ANameWithoutACertificateEndsWithTheHandshake) {
  const Explanation found = ask("https://www.example.net/");
  ASSERT_TRUE(found.handshake);
  EXPECT_THAT(found.handshake->certificates, IsEmpty());
  EXPECT_FALSE(found.host);
}

TEST_F(ExplainTlsTest, TheWrongSchemeForThePortIsSaid) {
  for (const char* url : {"http://www.example.com:443/www", "https://www.example.com:80/www"}) {
    const Explanation found = ask(url);
    EXPECT_TRUE(found.listener_by_port) << url;
    EXPECT_FALSE(found.listener_by_scheme) << url;
    EXPECT_FALSE(found.host) << url;
  }
}

}  // namespace
}  // namespace flare::server::site
