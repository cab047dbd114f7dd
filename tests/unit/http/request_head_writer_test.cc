#include "flare/http/request_head_writer.h"

#include <gtest/gtest.h>

#include <array>

#include "flare/http/header_map.h"
#include "flare/http/request_head.h"

namespace flare::http {
namespace {

TEST(RequestHeadWriter, WritesWhatItIsGivenAndTheFraming) {
  const std::array<Field, 2> fields{Field{"Accept", "*/*"}, Field{"X-Empty", ""}};
  HeaderMap more;
  more.append("Via", "1.1 flared");
  OutgoingRequest request{.method = "POST",
                          .target = "/a?b",
                          .host = "example.com:8080",
                          .fields = fields,
                          .encoded_fields = more.encoded(),
                          .framing = BodyFraming::kLength,
                          .content_length = 123};
  io::Buffer out(16);
  append_request_head(out, request);
  EXPECT_EQ(out.view(),
            "POST /a?b HTTP/1.1\r\nHost: example.com:8080\r\nAccept: */*\r\nX-Empty: \r\nVia: 1.1 flared\r\n"
            "Content-Length: 123\r\n\r\n");
  request.framing = BodyFraming::kChunked;
  out.clear();
  append_request_head(out, request);
  EXPECT_TRUE(out.view().ends_with("Transfer-Encoding: chunked\r\n\r\n"));
}

TEST(RequestHeadWriter, OurServerReadsWhatItWrites) {
  io::Buffer out(16);
  append_request_head(out, {.method = "GET", .target = "/x", .host = "example.com", .framing = BodyFraming::kNone});
  RequestHead head;
  EXPECT_EQ(parse_request_head(out.view(), Limits{}, head), (std::expected<std::size_t, Reason>(out.size())));
  EXPECT_EQ(head.authority, "example.com");
  EXPECT_EQ(head.framing, Framing::kNone);
}

TEST(RequestHeadWriter, NothingBreaksOutOfItsLine) {
  io::Buffer out(16);
  for (const OutgoingRequest& request : {OutgoingRequest{.method = "GET /x", .target = "/", .host = "a"},
                                         {.method = "", .target = "/", .host = "a"},
                                         {.method = "GET", .target = "/ HTTP/1.1\r\nX: y", .host = "a"},
                                         {.method = "GET", .target = "", .host = "a"},
                                         {.method = "GET", .target = "/", .host = "a\r\nX: y"}}) {
    EXPECT_THROW(append_request_head(out, request), HeaderInjectionError);
  }
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace flare::http
