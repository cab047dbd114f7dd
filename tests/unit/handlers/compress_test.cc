#include "flare/handlers/compress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "flare/handlers/compress_policy.h"
#include "flare/handlers/encode.h"
#include "flare/handlers/static_files.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"
#include "support/decode.h"
#include "support/parsed_request.h"
#include "support/temp_folder.h"

namespace flare::handlers {
namespace {

using http::ContentCoding;
using http::Response;
using http::Status;
using test::ParsedRequest;

const std::string kText = [] {
  std::string text;
  while (text.size() < 5'000) text += "line " + std::to_string(text.size()) + "\n";
  return text;
}();

/// What Compress makes of `response` for a request with these fields.
Response compressed(Response response, std::string_view fields, CompressOptions options = {},
                    std::string_view method = "GET") {
  auto shared = std::make_shared<Response>(std::move(response));
  const Compress handler(std::move(options), [shared](const http::Request&) { return std::move(*shared); });
  ParsedRequest request(method, "/", fields);
  return test::answer(handler, request);
}

Response with(std::initializer_list<std::pair<std::string_view, std::string_view>> headers) {
  Response response = http::ok(kText);
  for (const auto& [name, value] : headers) response.headers.set(name, value);
  return response;
}

std::string coding_of(const Response& response) {
  return std::string(response.headers.get("Content-Encoding").value_or("none"));
}

TEST(Compress, TheClientsWeightsDecideThenTheServersOrder) {
  struct Case {
    std::string_view accept;
    std::string_view coding;
  };
  for (const auto& [accept, coding] : std::vector<Case>{{"gzip", "gzip"},
                                                        {"br", "br"},
                                                        {"zstd", "zstd"},
                                                        {"x-gzip", "gzip"},
                                                        {"GZIP", "gzip"},
                                                        {"gzip, br, zstd", "zstd"},
                                                        {"gzip, br", "br"},
                                                        {"gzip;q=1, br;q=0.9, zstd;q=0.1", "gzip"},
                                                        {"*", "zstd"},
                                                        {"zstd;q=0, *", "br"},
                                                        {"gzip;q=0", "none"},
                                                        {"", "none"},
                                                        {"compress", "none"},
                                                        {"identity", "none"},
                                                        {"identity, gzip", "gzip"},
                                                        {"identity, gzip;q=0.5", "none"},
                                                        {"identity;q=0, gzip;q=0.1", "gzip"},
                                                        {"gzip;q=bad", "none"}}) {
    const Response response = compressed(http::ok(kText), "Accept-Encoding: " + std::string(accept) + "\r\n");
    EXPECT_EQ(coding_of(response), coding) << accept;
    EXPECT_EQ(response.headers.get("Vary"), "Accept-Encoding") << accept;
    if (const auto made = http::parse_content_coding(coding)) {
      EXPECT_EQ(decode(*made, response.body.bytes()).text, kText);
      EXPECT_TRUE(response.body.size());
    } else {
      EXPECT_EQ(response.body.bytes(), kText);
    }
  }
  EXPECT_EQ(coding_of(compressed(http::ok(kText), "")), "none");
}

TEST(Compress, WhoTakesNothingThereIsGets406) {
  const std::string_view nothing = "Accept-Encoding: identity;q=0, compress\r\n";
  EXPECT_EQ(compressed(http::ok(kText), nothing).status, Status::kNotAcceptable);
  EXPECT_EQ(compressed(http::ok(kText), nothing).headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(compressed(http::ok(kText), nothing, {}, "POST").status, Status::kOk);
  EXPECT_EQ(compressed(http::not_found(kText), nothing).status, Status::kNotFound);
  EXPECT_EQ(coding_of(compressed(http::ok("small"), "Accept-Encoding: identity;q=0, gzip\r\n")), "gzip");
}

TEST(Compress, LeavesAloneWhatMustNotBeEncoded) {
  const std::string_view gzip = "Accept-Encoding: gzip\r\n";
  EXPECT_EQ(coding_of(compressed(http::ok("small"), gzip)), "none");
  EXPECT_EQ(compressed(http::ok("small"), gzip).headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(coding_of(compressed(with({{"Content-Type", "image/png"}}), gzip)), "none");
  EXPECT_FALSE(compressed(with({{"Content-Type", "image/png"}}), gzip).headers.contains("Vary"));
  EXPECT_EQ(coding_of(compressed(with({{"Content-Type", "text/event-stream"}}), gzip)), "none");
  EXPECT_EQ(coding_of(compressed(with({{"Cache-Control", "public, no-transform"}}), gzip)), "none");
  EXPECT_EQ(coding_of(compressed(with({{"Repr-Digest", "sha-256=:x:"}}), gzip)), "none");
  EXPECT_EQ(compressed(with({{"Content-Encoding", "br"}}), gzip).body.bytes(), kText);
  Response part = with({{"Content-Range", "bytes 0-4999/9999"}});
  part.status = Status::kPartialContent;
  EXPECT_EQ(coding_of(compressed(std::move(part), gzip)), "none");
  EXPECT_EQ(coding_of(compressed(http::no_content(), gzip)), "none");
}

TEST(Compress, VariantsHaveWeakTagsOfTheirOwn) {
  EXPECT_EQ(encoded_etag("\"x\"", "gzip"), "W/\"x-gzip\"");
  EXPECT_EQ(encoded_etag("W/\"x\"", "br"), "W/\"x-br\"");
  EXPECT_EQ(encoded_etag("", "br"), "");
  const Response response =
      compressed(with({{"ETag", "\"x\""}, {"Accept-Ranges", "bytes"}}), "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(response.headers.get("ETag"), "W/\"x-gzip\"");
  EXPECT_FALSE(response.headers.contains("Accept-Ranges"));
}

TEST(Compress, IfNoneMatchNamesTheVariant) {
  const auto status = [](std::string_view fields, std::string_view method = "GET") {
    return compressed(with({{"ETag", "\"x\""}}), fields, {}, method).status;
  };
  EXPECT_EQ(status("Accept-Encoding: gzip\r\nIf-None-Match: W/\"x-gzip\"\r\n"), Status::kNotModified);
  EXPECT_EQ(status("Accept-Encoding: gzip\r\nIf-None-Match: W/\"x-gzip\"\r\n", "HEAD"), Status::kNotModified);
  EXPECT_EQ(status("Accept-Encoding: br\r\nIf-None-Match: W/\"x-gzip\"\r\n"), Status::kOk);
  EXPECT_EQ(status("Accept-Encoding: gzip\r\nIf-None-Match: W/\"x-gzip\"\r\n", "POST"), Status::kOk);
  EXPECT_EQ(status("If-None-Match: W/\"x-gzip\"\r\n"), Status::kOk);
  const Response response = compressed(with({{"ETag", "\"x\""}, {"Cache-Control", "max-age=1"}}),
                                       "Accept-Encoding: gzip\r\nIf-None-Match: W/\"x-gzip\"\r\n");
  EXPECT_EQ(response.headers.get("ETag"), "W/\"x-gzip\"");
  EXPECT_EQ(response.headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(response.headers.get("Cache-Control"), "max-age=1");
  EXPECT_FALSE(response.headers.contains("Content-Type"));
  EXPECT_EQ(response.body.size(), 0);
}

TEST(Compress, VaryKeepsWhatItNames) {
  const auto vary = [](std::string_view before) {
    std::string all;
    const Response response = compressed(with({{"Vary", before}}), "");
    response.headers.for_each([&](std::string_view name, std::string_view value) {
      if (name == "Vary") all.append(value).append(";");
    });
    return all;
  };
  EXPECT_EQ(vary("Origin"), "Origin, Accept-Encoding;");
  EXPECT_EQ(vary("Origin, accept-encoding"), "Origin, accept-encoding;");
  EXPECT_EQ(vary("*"), "*;");
}

TEST(CompressPolicy, TypesAreComparedWithoutParametersAndCase) {
  const CompressOptions options{.types = {"text/*", "application/json"}};
  for (const std::string_view type : {"text/html", "TEXT/Plain; charset=utf-8", "application/json", "text/x"})
    EXPECT_TRUE(is_compressible(options, type)) << type;
  for (const std::string_view type :
       {"text", "text/", "textual/html", "application/json5", "text/event-stream; x=y", ""})
    EXPECT_FALSE(is_compressible(options, type)) << type;
}

class Pieces final : public http::BodySource {
 public:
  explicit Pieces(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  runtime::Task<Result<std::string_view>> next() override {
    if (at_ == pieces_.size()) co_return std::string_view();
    co_return std::string_view(pieces_[at_++]);
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t at_ = 0;
};

runtime::Task<void> drain(http::BodySource& source, std::vector<std::string>& out) {
  for (;;) {
    const auto piece = co_await source.next();
    if (!piece || piece->empty()) co_return;
    out.emplace_back(*piece);
  }
}

TEST(Compress, EachPieceOfASourceIsReadableWhenItLeaves) {
  for (const ContentCoding coding : http::kContentCodings) {
    runtime::Worker worker;
    runtime::OffloadPool pool(1);
    worker.set_offload_pool(&pool);
    const std::vector<std::string> pieces{"first ", kText, std::string(300'000, 'x')};
    Response streaming = http::ok("");
    streaming.body = http::Body(std::make_unique<Pieces>(pieces));
    const Response response =
        compressed(std::move(streaming), "Accept-Encoding: " + std::string(to_string(coding)) + "\r\n");
    ASSERT_NE(response.body.source(), nullptr);
    EXPECT_EQ(response.body.size(), std::nullopt);
    std::vector<std::string> out;
    worker.spawn(drain(*response.body.source(), out));
    worker.drain();
    worker.run();
    ASSERT_EQ(out.size(), 6U);  // the large piece in three slices, and the end
    std::string all = out[0];
    EXPECT_EQ(decode(coding, all).text, "first ");
    all += out[1];
    EXPECT_EQ(decode(coding, all).text, "first " + kText);
    for (std::size_t i = 2; i < out.size(); ++i) all += out[i];
    EXPECT_EQ(decode(coding, all).text, "first " + kText + pieces[2]);
    EXPECT_TRUE(decode(coding, all).complete);
  }
}

TEST(Compress, StreamsBeyondTheLimitAreSentAsTheyAre) {
  const auto stream = [] {
    Response response = http::ok("");
    response.body = http::Body(std::make_unique<Pieces>(std::vector<std::string>{"x"}));
    return compressed(std::move(response), "Accept-Encoding: gzip\r\n", {.streams = 1});
  };
  {
    const Response first = stream();
    EXPECT_EQ(coding_of(first), "gzip");
    const Response second = stream();
    EXPECT_EQ(coding_of(second), "none");
    EXPECT_EQ(second.why, Reason::kCompressStreams);
  }
  EXPECT_EQ(coding_of(stream()), "gzip");
}

TEST(Compress, LargeContentsAreEncodedElsewhere) {
  runtime::Worker worker;
  runtime::OffloadPool pool(1);
  worker.set_offload_pool(&pool);
  const std::string large(200'000, 'y');
  const Compress handler({}, [&large](const http::Request&) { return http::ok(large); });
  ParsedRequest request("GET", "/", "Accept-Encoding: br\r\n");
  std::optional<Response> got;
  bool waited = false;
  const auto ask = [](const Compress& ask_it, http::Request& asked, std::optional<Response>& response,
                      bool& later) -> runtime::Task<void> {
    http::Reply reply = ask_it(asked);
    later = reply.later() != nullptr;
    if (later) response = co_await std::move(*reply.later());
  };
  worker.post([&] {
    worker.spawn(ask(handler, *request, got, waited));
    worker.drain();
  });
  worker.run();
  ASSERT_TRUE(waited && got);
  EXPECT_EQ(unbrotli(got->body.bytes()).text, large);
}

TEST(StaticFilesCompressed, VariantsAreNegotiatedAndHaveNoParts) {
  const test::TempFolder folder;
  folder.write("a.txt", kText);
  folder.write("small.txt", "small");
  folder.write("a.png", kText);
  const StaticFiles files(folder.path(), {.file = "a.txt", .compress = CompressOptions{}});
  const auto ask = [&](const StaticFiles& handler, std::string_view fields) {
    ParsedRequest request("GET", "/a.txt", fields);
    return test::answer(handler, request);
  };
  const Response plain = ask(files, "");
  const Response gzip = ask(files, "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(gunzip(gzip.body.bytes()).text, kText);
  EXPECT_EQ(gzip.headers.get("ETag"), encoded_etag(*plain.headers.get("ETag"), "gzip"));
  EXPECT_EQ(gzip.headers.get("Vary"), "Accept-Encoding");
  EXPECT_EQ(plain.headers.get("Vary"), "Accept-Encoding");
  EXPECT_FALSE(gzip.headers.contains("Accept-Ranges"));
  EXPECT_EQ(ask(files, "Accept-Encoding: gzip\r\nRange: bytes=0-4\r\n").body.bytes(), kText.substr(0, 5));
  EXPECT_EQ(ask(files, "Accept-Encoding: gzip, identity;q=0\r\nRange: bytes=0-4\r\n").status, Status::kOk);
  EXPECT_EQ(ask(files, "Accept-Encoding: identity;q=0\r\n").status, Status::kNotAcceptable);
  const std::string tag(*gzip.headers.get("ETag"));
  EXPECT_EQ(ask(files, "Accept-Encoding: gzip\r\nIf-None-Match: " + tag + "\r\n").status, Status::kNotModified);
  const StaticFiles small(folder.path(), {.file = "small.txt", .compress = CompressOptions{}});
  EXPECT_EQ(coding_of(ask(small, "Accept-Encoding: gzip\r\n")), "none");
  EXPECT_EQ(coding_of(ask(small, "Accept-Encoding: gzip, identity;q=0\r\n")), "gzip");
  const StaticFiles image(folder.path(), {.file = "a.png", .compress = CompressOptions{}});
  EXPECT_EQ(coding_of(ask(image, "Accept-Encoding: gzip\r\n")), "none");
  EXPECT_FALSE(ask(image, "Accept-Encoding: gzip\r\n").headers.contains("Vary"));
}

TEST(StaticFilesCompressed, WhatNoCacheHasRoomForIsMadeQuickly) {
  const test::TempFolder folder;
  folder.write("a.txt", kText);
  const auto made_with = [&](std::size_t cache) {
    const StaticFiles files(folder.path(), {.file = "a.txt", .cache = cache, .compress = CompressOptions{}});
    ParsedRequest request("GET", "/a.txt", "Accept-Encoding: gzip\r\n");
    return std::string(test::answer(files, request).body.bytes());
  };
  const std::string once = encode(ContentCoding::kGzip, kText, Effort::kOnce);
  const std::string kept = encode(ContentCoding::kGzip, kText, Effort::kKept);
  ASSERT_NE(once, kept);
  EXPECT_EQ(made_with(0), once);
  EXPECT_EQ(made_with(kText.size()), once);
  EXPECT_EQ(made_with(StaticOptions{}.cache), kept);
}

}  // namespace
}  // namespace flare::handlers
