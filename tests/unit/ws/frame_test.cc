#include "flare/ws/frame.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace flare::ws {
namespace {

using namespace std::string_literals;

std::string write(const FrameHead& head) {
  std::array<char, kMaxFrameHead> out;
  return {out.data(), write_frame_head(out.data(), head)};
}

std::expected<std::size_t, Reason> parse(std::string_view input, Role receiver = Role::kClient,
                                         bool compression = false) {
  FrameHead head;
  return parse_frame_head(input, receiver, compression, head);
}

TEST(FrameHead, WhatIsWrittenIsRead) {
  for (const Opcode opcode : {Opcode::kContinuation, Opcode::kText, Opcode::kBinary}) {
    for (const std::uint64_t length : {0ULL, 1ULL, 125ULL, 126ULL, 127ULL, 65535ULL, 65536ULL, (1ULL << 63) - 1}) {
      for (const bool fin : {true, false}) {
        for (const bool masked : {true, false}) {
          FrameHead head{.opcode = opcode, .fin = fin, .length = length};
          if (masked) head.key = MaskingKey::load("\x01\x80\xFF\x00");
          const std::string bytes = write(head);
          const Role receiver = masked ? Role::kServer : Role::kClient;
          FrameHead read;
          for (std::size_t cut = 0; cut < bytes.size(); ++cut)
            ASSERT_EQ(parse_frame_head(std::string_view(bytes).substr(0, cut), receiver, false, read), 0U) << cut;
          ASSERT_EQ(parse_frame_head(bytes + "payload", receiver, false, read), bytes.size());
          ASSERT_EQ(read, head) << length;
        }
      }
    }
  }
}

TEST(FrameHead, ExamplesOfTheRfc) {  // RFC 6455 §5.7
  EXPECT_EQ(write({.opcode = Opcode::kText, .length = 5}), "\x81\x05");
  EXPECT_EQ(write({.opcode = Opcode::kText, .fin = false, .length = 3}), "\x01\x03");
  EXPECT_EQ(write({.opcode = Opcode::kContinuation, .length = 2}), "\x80\x02");
  EXPECT_EQ(write({.opcode = Opcode::kPong, .key = MaskingKey::load("\x37\xfa\x21\x3d"), .length = 5}),
            "\x8a\x85\x37\xfa\x21\x3d");
  EXPECT_EQ(write({.opcode = Opcode::kBinary, .length = 256}), "\x82\x7E\x01\x00"s);
  EXPECT_EQ(write({.opcode = Opcode::kBinary, .length = 65536}), "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s);
}

TEST(FrameHead, RefusesReservedOpcodesAtTheFirstByte) {  // W-6
  for (int opcode = 0; opcode < 16; ++opcode) {
    const bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    const auto parsed = parse({std::initializer_list<char>{static_cast<char>(0x80 | opcode)}.begin(), 1});
    EXPECT_EQ(parsed.has_value(), known) << opcode;
    if (!parsed) {
      EXPECT_EQ(parsed.error(), Reason::kWsBadFrame);
    }
  }
}

TEST(FrameHead, RefusesReservedBitsUnlessCompressionWasAgreedOn) {  // W-6, W-14
  for (const char first : {'\x91', '\xA1', '\xB1', '\xD1', '\xF1', '\x90'}) {
    EXPECT_EQ(parse({&first, 1}).error(), Reason::kWsBadFrame) << static_cast<int>(first);
    EXPECT_EQ(parse({&first, 1}, Role::kClient, true).error(), Reason::kWsBadFrame) << static_cast<int>(first);
  }
  EXPECT_EQ(parse("\xC1").error(), Reason::kWsBadFrame);
  for (const std::string_view compressed : {"\xC1", "\xC2", "\x41", "\x42"})
    EXPECT_EQ(parse(compressed, Role::kClient, true), 0U);
  for (const std::string_view wrong : {"\xC0", "\x40", "\xC8", "\xC9", "\xCA"})  // continuations and control frames
    EXPECT_EQ(parse(wrong, Role::kClient, true).error(), Reason::kWsBadFrame);
}

TEST(FrameHead, ControlFramesAreShortAndWhole) {  // W-7
  for (const std::string_view input : {"\x08", "\x09", "\x0A", "\x88\x7E", "\x89\x7F", "\x8A\x7E"})
    EXPECT_EQ(parse(input).error(), Reason::kWsBadFrame);
  EXPECT_EQ(parse("\x89\x7D"), 2U);
}

TEST(FrameHead, LengthsAreInTheShortestForm) {  // W-6
  EXPECT_EQ(parse("\x82\x7E\x00\x7D"s).error(), Reason::kWsBadFrame);
  EXPECT_EQ(parse("\x82\x7E\x00\x7E"s), 4U);
  EXPECT_EQ(parse("\x82\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF"s).error(), Reason::kWsBadFrame);
  EXPECT_EQ(parse("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"s), 10U);
  EXPECT_EQ(parse("\x82\x7F\x80\x00\x00\x00\x00\x01\x00\x00"s).error(), Reason::kWsBadFrame) << "the top bit";
}

TEST(FrameHead, ClientsMaskAndServersDoNot) {  // W-5
  EXPECT_EQ(parse("\x81\x05", Role::kServer).error(), Reason::kWsMasking);
  EXPECT_EQ(parse("\x81\x85", Role::kServer), 0U);
  EXPECT_EQ(parse("\x81\x85", Role::kClient).error(), Reason::kWsMasking);
}

}  // namespace
}  // namespace flare::ws
