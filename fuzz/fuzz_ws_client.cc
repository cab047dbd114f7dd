// A whole client over memory: whatever a server answers, and in whatever pieces, the handshake and the session behind
// it come to the same end, with the same messages; a handshake that is not the one asked for gets no further.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "flare/runtime/block_on.h"
#include "flare/ws/stream_session.h"
#include "flare/ws/upgrade_exchange.h"
#include "fuzz/split_input.h"
#include "tests/support/memory_stream.h"

namespace {

using namespace flare;

void check(bool holds) {
  if (!holds) std::abort();
}

struct Outcome {
  bool agreed = false;
  Error error;
  std::optional<http::Status> status;
  std::vector<std::pair<ws::MessageType, std::string>> messages;
  ws::CloseCode code = ws::CloseCode::kAbnormal;

  bool operator==(const Outcome&) const = default;
};

runtime::Task<void> listen(ws::Session& session, Outcome& outcome) {
  for (;;) {
    const auto message = co_await session.receive();
    if (!message) {
      outcome.error = message.error();
      break;
    }
    outcome.messages.emplace_back(message->type, message->data);
    const std::string& copy = outcome.messages.back().second;
    static_cast<void>(co_await session.send({message->type, copy}));
  }
  outcome.code = session.close_code();
}

/// "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" accepts this one: the key of RFC 6455 §1.3.
constexpr std::array<char, 16> kNonce{'t', 'h', 'e', ' ', 's', 'a', 'm', 'p', 'l', 'e', ' ', 'n', 'o', 'n', 'c', 'e'};

runtime::Task<Outcome> run(runtime::Worker& worker, ws::Turn& turn, test::Wire& wire, bool narrow) {
  const ws::ClientOptions options{.subprotocols = {"chat"},
                                  .deflate = ws::DeflateOptions{.memory = narrow ? 0U : 65536U}};
  ws::SessionOptions session_options;
  if (narrow) session_options.limits = {.bytes = 40, .fragments = 3};
  const ws::ClientHandshake handshake(kNonce, options);
  io::BufferPool buffers(ws::kAnswerBytes, 0);
  http::ClientConnection<test::MemoryStream> connection(worker, buffers, wire);
  const std::string request = ws::upgrade_request(handshake, http::Url::parse("ws://example.com/"), {});
  ws::Answer answer;
  Outcome outcome;
  auto agreement =
      co_await ws::exchange_upgrade(connection, handshake, request, std::chrono::milliseconds(1000), answer);
  outcome.status = answer.status;
  if (!agreement) {
    outcome.error = agreement.error();
    co_return outcome;
  }
  check(answer.status == http::Status::kSwitchingProtocols);
  check(agreement->subprotocol.empty() || agreement->subprotocol == "chat");
  outcome.agreed = true;
  ws::StreamSession<test::MemoryStream> session(
      turn, session_options,
      {.role = ws::Role::kClient, .deflate = agreement->deflate, .subprotocol = agreement->subprotocol},
      connection.stream());
  session.begin_with(std::string(connection.surplus()));
  co_await listen(session, outcome);
  co_await session.finish(ws::CloseCode::kNormal);
  co_return outcome;
}

Outcome outcome_of(test::Wire& wire, bool narrow) {
  runtime::Worker worker;
  ws::Turn turn(worker);
  return runtime::block_on(worker, run(worker, turn, wire, narrow));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  test::Wire whole;
  if (!split.input.empty()) whole.arriving.emplace_back(split.input);
  const Outcome expected = outcome_of(whole, split.narrow);

  test::Wire pieces;
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    if (end != begin) pieces.arriving.emplace_back(split.input.substr(begin, end - begin));
    begin = end;
  }
  pieces.block_every_other = (size & 2) != 0;
  if ((size & 4) != 0) pieces.write_sizes = {1, 0, 7, 0, 2, 130};
  Outcome outcome = outcome_of(pieces, split.narrow);
  // Of a head that never came as a whole, what is wrong with it shows or not, as its pieces fall.
  if (!outcome.status) outcome.error = expected.error;
  check(outcome == expected);
  return 0;
}
