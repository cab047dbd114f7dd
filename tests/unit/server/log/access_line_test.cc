#include "server/log/access_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace flare::server::log {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr LineContext kContext{.time = system_clock::time_point(milliseconds(1'795'403'897'042)), .worker = 3};

/// A request as parsed as it gets: refused ones are logged too.
class AnyRequest {
 public:
  explicit AnyRequest(std::string bytes) : bytes_(std::move(bytes)) {
    parsed = request_.parse(bytes_, limits_).value_or(0) != 0;
    request_.set_peer(net::SocketAddr::parse("192.0.2.1:40000"), false);
  }
  std::string json(Reason why = Reason::kNone) const {
    std::string out;
    append_json_line(out, transaction(why), kContext);
    return out;
  }
  std::string combined() const {
    std::string out;
    append_combined_line(out, transaction(Reason::kNone), kContext);
    return out;
  }
  http::Request& request() { return request_; }

  bool parsed = false;

 private:
  http::Transaction transaction(Reason why) const {
    return {.request = request_,
            .status = http::Status::kOk,
            .why = why,
            .bytes_out = 130,
            .bytes_in = 40,
            .duration = std::chrono::microseconds(17)};
  }
  std::string bytes_;
  http::Limits limits_;
  http::Request request_;
};

std::string get(const std::string& target, const std::string& agent) {
  return "GET " + target + " HTTP/1.1\r\nHost: example.com\r\nUser-Agent: " + agent + "\r\nReferer: r\r\n\r\n";
}

/// Bytes as the log's JSON shows them: Latin-1 characters in UTF-8.
std::string as_utf8(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xC0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return out;
}

TEST(AccessLine, SaysEverythingOfATransaction) {
  AnyRequest request(get("/a?b=c", "agent"));
  request.request().set_route("www:/a", true);
  EXPECT_EQ(request.json(),
            "{\"ts\":\"2026-11-23T03:18:17.042Z\",\"client\":\"192.0.2.1\",\"host\":\"example.com\",\"method\":\"GET\","
            "\"target\":\"/a?b=c\",\"proto\":\"HTTP/1.1\",\"status\":200,\"route\":\"www:/a\",\"bytes_in\":40,"
            "\"bytes_out\":130,\"duration_us\":17,\"user_agent\":\"agent\",\"referer\":\"r\",\"worker\":3}\n");
  EXPECT_EQ(nlohmann::json::parse(request.json(Reason::kBodyBytes))["why"], "body_bytes");
}

TEST(AccessLine, IsValidJsonForEveryByteInTargetAndAgent) {
  int parsed_targets = 0;
  int parsed_agents = 0;
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    const AnyRequest target(get("/x" + byte + "y", "agent"));
    const auto of_target = nlohmann::json::parse(target.json());
    if (target.parsed) {
      ++parsed_targets;
      EXPECT_EQ(of_target["target"], as_utf8("/x" + byte + "y")) << value;
    }
    const AnyRequest agent(get("/", "x" + byte + "y"));
    const std::string line = agent.json();
    const auto of_agent = nlohmann::json::parse(line);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << "one line, whatever the byte " << value;
    if (agent.parsed) {
      ++parsed_agents;
      EXPECT_EQ(of_agent["user_agent"], as_utf8("x" + byte + "y")) << value;
    }
    const std::string combined = agent.combined();
    EXPECT_EQ(combined.find('\n'), combined.size() - 1) << value;
  }
  EXPECT_EQ(parsed_targets, 94 - 5) << "visible ASCII without # \" < > and a bad escape";
  EXPECT_EQ(parsed_agents, 256 - 32) << "everything but controls; a tab is none here";
}

TEST(AccessLine, CombinedIsWhatAnalysersKnow) {
  EXPECT_EQ(AnyRequest(get("/a", "agent")).combined(),
            "192.0.2.1 - - [23/Nov/2026:03:18:17 +0000] \"GET /a HTTP/1.1\" 200 130 \"r\" \"agent\"\n");
}

TEST(AccessLine, CombinedEscapesWhatCouldForgeAField) {
  EXPECT_TRUE(AnyRequest(get("/", "a\" \\ \t\x80")).combined().ends_with(" \"r\" \"a\\x22 \\x5c \\x09\\x80\"\n"));
}

TEST(AccessLine, CombinedShowsADashForWhatIsNotThere) {
  const AnyRequest nothing("\x16\x03\x01");
  EXPECT_TRUE(nothing.combined().ends_with("\"-\" 200 130 \"-\" \"-\"\n")) << nothing.combined();
}

// O-2
TEST(AccessLine, ThePeerStandsThereWhereAProxyNamedAnotherClient) {
  AnyRequest request(get("/", "agent"));
  EXPECT_FALSE(nlohmann::json::parse(request.json()).contains("peer"));
  request.request().set_client(net::IpAddr::parse("2001:db8::7"));
  const auto line = nlohmann::json::parse(request.json());
  EXPECT_EQ(line["client"], "2001:db8::7");
  EXPECT_EQ(line["peer"], "192.0.2.1");
  EXPECT_TRUE(request.combined().starts_with("2001:db8::7 - - ")) << request.combined();
  request.request().set_peer(net::SocketAddr(), false);
  request.request().set_client(net::IpAddr::parse("2001:db8::7"));
  EXPECT_EQ(nlohmann::json::parse(request.json())["peer"], "unix");
}

TEST(AccessLine, AUnixSocketsClientHasNoAddress) {
  AnyRequest request(get("/", "agent"));
  request.request().set_peer(net::SocketAddr(), false);
  EXPECT_EQ(nlohmann::json::parse(request.json())["client"], "unix");
}

}  // namespace
}  // namespace flare::server::log
