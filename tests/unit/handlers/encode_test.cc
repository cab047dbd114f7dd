#include "flare/handlers/encode.h"

#include <gtest/gtest.h>

#include <random>

#include "flare/handlers/stream_encoder.h"
#include "support/decode.h"

namespace flare::handlers {
namespace {

using http::ContentCoding;

std::string text_of(std::size_t size) {
  std::string text;
  while (text.size() < size)
    text += "{\"id\": " + std::to_string(text.size() * 7919 % 10007) + ", \"name\": \"flare\"}, ";
  text.resize(size);
  return text;
}

std::string noise_of(std::size_t size) {
  std::mt19937 random(7);
  std::string noise(size, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  return noise;
}

class EncodeTest : public testing::TestWithParam<ContentCoding> {};
INSTANTIATE_TEST_SUITE_P(Codings, EncodeTest, testing::ValuesIn(http::kContentCodings),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST_P(EncodeTest, WholeContentsComeBack) {
  for (const Effort effort : {Effort::kOnce, Effort::kKept}) {
    for (const std::size_t size : std::initializer_list<std::size_t>{0, 1, 200, 2048, 2049, 10240, 1000000}) {
      for (const std::string& bytes : {text_of(size), noise_of(size)}) {
        const Decoded back = decode(GetParam(), encode(GetParam(), bytes, effort));
        EXPECT_TRUE(back.complete) << size;
        EXPECT_EQ(back.text, bytes) << size;
      }
    }
  }
}

TEST_P(EncodeTest, TextBecomesSmallerAndWhatIsKeptIsNotMuchLarger) {
  for (const std::size_t size : std::initializer_list<std::size_t>{1000, 10240, 100000}) {
    const std::string text = text_of(size);
    const std::size_t once = encode(GetParam(), text, Effort::kOnce).size();
    EXPECT_LT(once, size / 2);
    EXPECT_LE(encode(GetParam(), text, Effort::kKept).size(), once + once / 50);
  }
}

TEST_P(EncodeTest, EachPieceOfAStreamIsReadableAtOnce) {
  const auto stream = make_stream_encoder(GetParam());
  std::string all;
  std::string sent;
  for (const std::string& piece : {std::string("a"), text_of(70'000), noise_of(40'000), std::string("the last\n")}) {
    stream->write(piece, all);
    sent += piece;
    const Decoded so_far = decode(GetParam(), all);
    EXPECT_EQ(so_far.text, sent);
    EXPECT_FALSE(so_far.complete);
  }
  stream->finish(all);
  const Decoded back = decode(GetParam(), all);
  EXPECT_EQ(back.text, sent);
  EXPECT_TRUE(back.complete);
}

TEST_P(EncodeTest, AStreamWithoutPiecesIsAnEmptyContent) {
  std::string all;
  make_stream_encoder(GetParam())->finish(all);
  const Decoded back = decode(GetParam(), all);
  EXPECT_EQ(back.text, "");
  EXPECT_TRUE(back.complete);
}

TEST_P(EncodeTest, ACompressorThatWasLeftInTheMiddleIsUsedAgainAsNew) {
  for (int round = 0; round < 3; ++round) {
    std::string all;
    std::string unfinished;
    make_stream_encoder(GetParam())->write(text_of(5'000), unfinished);
    const auto stream = make_stream_encoder(GetParam());
    stream->write("hello", all);
    stream->finish(all);
    EXPECT_EQ(decode(GetParam(), all).text, "hello");
  }
}

}  // namespace
}  // namespace flare::handlers
