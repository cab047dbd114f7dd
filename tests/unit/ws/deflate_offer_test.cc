#include "flare/ws/deflate_offer.h"

#include <gtest/gtest.h>

#include <string>

#include "flare/ws/deflate.h"

namespace flare::ws {
namespace {

constexpr DeflateOptions kNoMemory{.memory = 0};
constexpr DeflateOptions kMuchMemory{.memory = 1024 * 1024};

/// The answer's text; "-": none of the offers can be met; "?": not the grammar.
std::string answer(std::string_view offers, const DeflateOptions& options = kMuchMemory) {
  const auto answer = answer_deflate(offers, options);
  return !answer ? "?" : !*answer ? "-" : (*answer)->field_value;
}

TEST(AnswerDeflate, GivesWhatIsAskedFor) {  // W-14
  EXPECT_EQ(answer("permessage-deflate"), "permessage-deflate");
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits"), "permessage-deflate");
  EXPECT_EQ(answer("permessage-deflate; server_no_context_takeover"), "permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(answer("permessage-deflate; client_no_context_takeover"), "permessage-deflate; client_no_context_takeover");
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=10"), "permessage-deflate; server_max_window_bits=10");
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=11"), "permessage-deflate; client_max_window_bits=11");
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=\"11\""),
            "permessage-deflate; client_max_window_bits=11");
}

TEST(AnswerDeflate, TakesTheFirstOfferThatCanBeMet) {
  EXPECT_EQ(answer("x-other; a=1, permessage-deflate; unknown, permessage-deflate; server_max_window_bits=9"),
            "permessage-deflate; server_max_window_bits=9");
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=8, permessage-deflate"), "permessage-deflate")
      << "zlib compresses with no fewer than 9";
  EXPECT_EQ(answer("x-other"), "-");
}

TEST(AnswerDeflate, RefusesParametersThatMakeNoSense) {  // RFC 7692 §7.1: such an offer is declined
  for (const std::string_view parameter :
       {"server_max_window_bits", "server_max_window_bits=7", "server_max_window_bits=16", "server_max_window_bits=08",
        "client_max_window_bits=0", "client_max_window_bits=x", "server_no_context_takeover=1",
        "client_no_context_takeover; client_no_context_takeover", "client_max_window_bits; client_max_window_bits=10",
        "Server_No_Context_Takeover", "foo=bar"})
    EXPECT_EQ(answer("permessage-deflate; " + std::string(parameter)), "-") << parameter;
}

TEST(AnswerDeflate, RefusesWhatIsNotTheGrammar) {  // RFC 6455 §9.1
  for (const std::string_view offers :
       {"", ",", "permessage-deflate;", "permessage-deflate; =1", "permessage-deflate; a=", "permessage-deflate, ",
        "a b", "permessage-deflate; a=\"b", "permessage-deflate; a=\"\"", "permessage-deflate; a=\"b c\"", "\"a\""})
    EXPECT_EQ(answer(offers), "?") << offers;
}

TEST(AnswerDeflate, MemoryBoundsWhatIsCarriedOver) {  // W-14
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits", kNoMemory),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  for (const std::size_t memory : {20U, 32U, 40U, 64U, 100U, 300U, 600U}) {
    const DeflateOptions options{.memory = memory * 1024};
    for (const std::string_view offer : {"permessage-deflate", "permessage-deflate; client_max_window_bits"}) {
      const auto answer = answer_deflate(offer, options);
      ASSERT_TRUE(answer && *answer);
      const DeflateParams& params = (*answer)->params;
      const std::size_t held = (params.server_no_context_takeover ? 0 : deflate_memory(params.server_max_window_bits)) +
                               (params.client_no_context_takeover ? 0 : inflate_memory(params.client_max_window_bits));
      EXPECT_LE(held, options.memory);
    }
  }
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits", {.memory = 64 * 1024}),
            "permessage-deflate; server_max_window_bits=11; client_max_window_bits=14");
  EXPECT_EQ(answer("permessage-deflate", {.memory = 64 * 1024}),
            "permessage-deflate; client_no_context_takeover; server_max_window_bits=11")
      << "who has not named its bits cannot be told to use fewer";
}

std::optional<DeflateParams> accept(std::string_view answer, const DeflateOptions& options = kMuchMemory) {
  return accept_deflate(answer, options).value_or(std::nullopt);
}

TEST(AcceptDeflate, TakesWhatWasOffered) {
  EXPECT_EQ(offer_deflate(kMuchMemory), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(accept("permessage-deflate"), DeflateParams{});
  EXPECT_EQ(accept("permessage-deflate; client_max_window_bits=10; server_no_context_takeover"),
            (DeflateParams{.server_no_context_takeover = true, .client_max_window_bits = 10}));
  EXPECT_EQ(accept_deflate("", kMuchMemory), std::nullopt) << "the server does not want to compress";
}

TEST(AcceptDeflate, RefusesWhatWasNot) {
  for (const std::string_view text :
       {"x-other", "permessage-deflate, permessage-deflate", "permessage-deflate; foo",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=8", "permessage-deflate;"})
    EXPECT_EQ(accept_deflate(text, kMuchMemory), std::unexpected(Reason::kWsBadHandshake)) << text;
  EXPECT_EQ(offer_deflate(kNoMemory),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits");
  EXPECT_FALSE(accept("permessage-deflate", kNoMemory)) << "the server keeps its context";
  EXPECT_TRUE(accept("permessage-deflate; server_no_context_takeover", kNoMemory)->client_no_context_takeover);
  const DeflateOptions little{.memory = 64 * 1024};
  EXPECT_EQ(offer_deflate(little), "permessage-deflate; server_max_window_bits=14; client_max_window_bits");
  EXPECT_FALSE(accept("permessage-deflate", little)) << "more of the server's window than was asked for";
  EXPECT_TRUE(accept("permessage-deflate; server_max_window_bits=14", little));
}

TEST(AcceptDeflate, BothSidesAgree) {
  for (const std::size_t client : {0U, 32U, 64U, 600U}) {
    for (const std::size_t server : {0U, 32U, 64U, 600U}) {
      const DeflateOptions client_options{.memory = client * 1024};
      const auto answer = answer_deflate(offer_deflate(client_options), {.memory = server * 1024});
      ASSERT_TRUE(answer && *answer) << client << ' ' << server;
      const auto accepted = accept_deflate((*answer)->field_value, client_options);
      ASSERT_TRUE(accepted && *accepted) << (*answer)->field_value;
      EXPECT_EQ((*accepted)->server_max_window_bits, (*answer)->params.server_max_window_bits);
      EXPECT_EQ((*accepted)->server_no_context_takeover, (*answer)->params.server_no_context_takeover);
      EXPECT_LE((*accepted)->client_max_window_bits, (*answer)->params.client_max_window_bits);
    }
  }
}

}  // namespace
}  // namespace flare::ws
