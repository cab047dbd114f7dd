#include "server/site/site.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "flare/base/exception.h"
#include "server/config/load.h"
#include "server/site/explain.h"
#include "tests/config/memory_files.h"

namespace flare::server::site {
namespace {

constexpr const char* kConfig = R"(
[listen.web]
address = "127.0.0.1:8080"
[listen.other]
address = "127.0.0.1:9090"
[limits]
body = "1KiB"

[host.www]
names = ["www.example.com", "*.example.net"]
listen = ["web"]
headers = { set = { X-Host = "www" }, unset = ["Cache-Control"] }
[[host.www.route]]
id = "hello"
path = "/hello"
method = "GET"
limits = { body = "10B" }
headers = { set = { X-Route = "hello" } }
respond = { status = 200, text = "hello" }
[[host.www.route]]
id = "save"
path = "/hello"
method = ["POST", "PURGE"]
query = { v = "1" }
respond = { status = 201, text = "saved" }

[host.other]
names = ["_"]
listen = ["other"]
[[host.other.route]]
id = "all"
path = "/**"
redirect = { to = "/x", status = 302 }
)";

std::unique_ptr<Snapshot> make(const char* text) {
  config::MemoryFiles files;
  auto loaded = config::load_text("flare.toml", text, {.files = &files});
  if (!loaded.ok()) throw std::logic_error("the test's configuration is wrong");
  return std::make_unique<Snapshot>(std::move(loaded.config));
}

/// Owns everything that one request and its answer refer to.
class Asking {
 public:
  explicit Asking(const std::string& head) : bytes_(head) {
    const auto size = request_.parse(bytes_, limits_);
    if (!size || *size != bytes_.size()) throw std::logic_error("no request: " + bytes_);
  }
  http::Response at(const Site& site) {
    http::Reply reply = site(request_);
    if (reply.now() == nullptr) throw std::logic_error("the site waits");
    return std::move(*reply.now());
  }
  http::Request& request() { return request_; }

 private:
  std::string bytes_;
  http::Limits limits_;
  http::Request request_;
};

class SiteTest : public testing::Test {
 protected:
  std::size_t listener(std::string_view name) {
    const auto& listeners = snapshot_->config().listeners;
    for (std::size_t i = 0; i < listeners.size(); ++i) {
      if (listeners[i].name == name) return i;
    }
    throw std::logic_error("no such listener");
  }
  const Site& web() { return snapshot_->site(listener("web")); }
  static std::string head(const std::string& line, const std::string& host = "www.example.com") {
    return line + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  }

  std::unique_ptr<Snapshot> snapshot_ = make(kConfig);
};

TEST_F(SiteTest, AnswersEveryRequestAsItsHostAndRouteSay) {
  struct Case {
    const char* line;
    const char* host;
    int status;
    const char* allow;
    const char* x_host;
    const char* x_route;
  };
  for (const Case& each : {
           Case{"GET /hello", "www.example.com", 200, "", "www", "hello"},
           Case{"HEAD /hello", "WWW.Example.Com.:8080", 200, "", "www", "hello"},
           Case{"GET /hello", "a.b.example.net", 200, "", "www", "hello"},
           Case{"POST /hello?v=1", "www.example.com", 201, "", "www", ""},
           Case{"PURGE /hello?v=1", "www.example.com", 201, "", "www", ""},
           Case{"GET /nowhere", "www.example.com", 404, "", "www", ""},
           Case{"DELETE /hello?v=1", "www.example.com", 405, "GET, HEAD, POST, OPTIONS, PURGE", "www", ""},
           Case{"OPTIONS /hello?v=1", "www.example.com", 204, "GET, HEAD, POST, OPTIONS, PURGE", "www", ""},
           Case{"OPTIONS /nowhere", "www.example.com", 404, "", "www", ""},
           Case{"OPTIONS *", "www.example.com", 204, "GET, HEAD, POST, OPTIONS, PURGE", "www", ""},
           Case{"GET /hello", "example.com", 421, "", "", ""},
           Case{"OPTIONS *", "unknown.example.org", 421, "", "", ""},
       }) {
    Asking asking(head(each.line, each.host));
    const http::Response response = asking.at(web());
    EXPECT_EQ(http::code(response.status), each.status) << each.line << " at " << each.host;
    EXPECT_EQ(response.headers.get("Allow").value_or(""), each.allow) << each.line;
    EXPECT_EQ(response.headers.get("X-Host").value_or(""), each.x_host) << each.line;
    EXPECT_EQ(response.headers.get("X-Route").value_or(""), each.x_route) << each.line;
  }
}

TEST_F(SiteTest, SaysWhyNothingAnswers) {
  EXPECT_EQ(Asking(head("GET /nowhere")).at(web()).why, Reason::kNoRoute);
  EXPECT_EQ(Asking(head("DELETE /hello")).at(web()).why, Reason::kMethodNotAllowed);
  EXPECT_EQ(Asking(head("GET /", "example.org")).at(web()).why, Reason::kHostUnknown);
}

TEST_F(SiteTest, UnsetsFieldsOfAnswersThatNoRouteGives) {
  EXPECT_FALSE(Asking(head("GET /nowhere")).at(web()).headers.get("Cache-Control"));
  EXPECT_EQ(Asking(head("GET /", "example.org")).at(web()).headers.get("Cache-Control"), "no-store")
      << "no host, no rule";
}

TEST_F(SiteTest, TheRequestGetsItsRoutesNameAndLimits) {
  Asking narrow(head("GET /hello"));
  narrow.at(web());
  EXPECT_EQ(narrow.request().route(), "hello");
  EXPECT_EQ(narrow.request().limits().body, 10U);
  Asking wide(head("POST /hello?v=1"));
  wide.at(web());
  EXPECT_EQ(wide.request().route(), "save");
  EXPECT_EQ(wide.request().limits().body, 1024U);
  Asking nowhere(head("GET /nowhere"));
  nowhere.at(web());
  EXPECT_EQ(nowhere.request().route(), "");
}

TEST_F(SiteTest, EveryListenerHasItsOwnHosts) {
  const Site& other = snapshot_->site(listener("other"));
  const http::Response response = Asking(head("GET /hello")).at(other);
  EXPECT_EQ(http::code(response.status), 302);
  EXPECT_FALSE(response.headers.get("X-Host"));
}

TEST_F(SiteTest, ExplainsWhoWinsAndWhyTheOthersDoNot) {
  const auto found = explain(*snapshot_, {.method = "GET", .url = "http://WWW.example.com:8080/hello"});
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->listener, listener("web"));
  EXPECT_TRUE(found->listener_by_port);
  EXPECT_EQ(found->host_name, "www.example.com");
  EXPECT_EQ(found->path, "/hello");
  EXPECT_EQ(found->verdict, http::RouteVerdict::kFound);
  ASSERT_TRUE(found->host && found->route);
  EXPECT_EQ(snapshot_->config().hosts[*found->host].routes[*found->route].id, "hello");
  ASSERT_EQ(found->candidates.size(), 2U);
  for (const http::RouteCandidate& candidate : found->candidates) {
    EXPECT_EQ(candidate.won, candidate.index == *found->route);
    EXPECT_EQ(candidate.why_not.empty(), candidate.won);
  }
}

TEST_F(SiteTest, ExplainsWhatNoRouteTakes) {
  const auto method = explain(*snapshot_, {.method = "DELETE", .url = "http://www.example.com:8080/hello?v=1"});
  ASSERT_TRUE(method) << method.error();
  EXPECT_EQ(method->verdict, http::RouteVerdict::kMethodNotAllowed);
  EXPECT_EQ(method->allow, "GET, HEAD, POST, OPTIONS, PURGE");
  const auto host = explain(*snapshot_, {.method = "GET", .url = "http://nobody.example.org:8080/hello"});
  ASSERT_TRUE(host) << host.error();
  EXPECT_FALSE(host->host);
}

TEST_F(SiteTest, RefusesQuestionsThatNoServerWouldAnswer) {
  struct Case {
    const char* method;
    const char* url;
    const char* says;
  };
  for (const Case& each :
       {Case{"GET", "https://www.example.com/", "443"}, Case{"GET", "ftp://www.example.com/", "https://"},
        Case{"GET", "www.example.com/", "http://"}, Case{"GET", "http://ex ample:8080/", "host"},
        Case{"GET", "http://www.example.com:81/", "81"},
        Case{"GET", "http://www.example.com:8080/a/../b", "dot_segment"},
        Case{"TRACE", "http://www.example.com:8080/", "trace_refused"},
        Case{"GET", "http://www.example.com:8080/%00", "bad_escape"}}) {
    const auto answer = explain(*snapshot_, {.method = each.method, .url = each.url});
    ASSERT_FALSE(answer) << each.url;
    EXPECT_NE(answer.error().find(each.says), std::string::npos) << answer.error();
  }
}

}  // namespace
}  // namespace flare::server::site
