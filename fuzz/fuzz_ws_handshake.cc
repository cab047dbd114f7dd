// Handshakes: whatever a client asks for, the answer is one that our client takes for what it offered; whatever a
// server answers, what is taken of it makes sense.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "flare/http/request.h"
#include "flare/ws/client_handshake.h"
#include "flare/ws/deflate.h"
#include "flare/ws/handshake.h"

namespace {

using namespace flare;

void check(bool holds) {
  if (!holds) std::abort();
}

void check_params(const ws::DeflateParams& params, std::size_t memory, bool server) {
  check(params.server_max_window_bits >= 8 && params.server_max_window_bits <= 15);
  check(params.client_max_window_bits >= 8 && params.client_max_window_bits <= 15);
  const int deflate_bits = server ? params.server_max_window_bits : params.client_max_window_bits;
  check(deflate_bits >= 9);
  const bool deflate_holds = server ? !params.server_no_context_takeover : !params.client_no_context_takeover;
  const bool inflate_holds = server ? !params.client_no_context_takeover : !params.server_no_context_takeover;
  const int inflate_bits = server ? params.client_max_window_bits : params.server_max_window_bits;
  check((deflate_holds ? ws::deflate_memory(deflate_bits) : 0) +
            (inflate_holds ? ws::inflate_memory(inflate_bits) : 0) <=
        memory);
}

void answer(std::string_view head, const ws::UpgradeOptions& options) {
  const http::Limits limits;
  http::Request request;
  const auto parsed = request.parse(head, limits);
  if (!parsed || *parsed != head.size()) return;
  const auto upgrade = ws::accept_upgrade(request, options);
  if (!upgrade) {
    const http::Response response = ws::refuse_upgrade(upgrade.error());
    check(http::code(response.status) == 400 || http::code(response.status) == 403 ||
          http::code(response.status) == 426);
    return;
  }
  check(upgrade->accept.size() == 28);
  check(upgrade->subprotocol.empty() || upgrade->subprotocol == options.subprotocols.front());
  if (upgrade->deflate) check_params(*upgrade->deflate, options.deflate->memory, true);
  check(!ws::switching_protocols(*upgrade).headers.encoded().contains("\r\n\r\n"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const ws::DeflateOptions deflate{.memory = size % 5 * 24 * 1024};
  const ws::UpgradeOptions options{
      .origins = {"https://www.example.com"}, .subprotocols = {"chat"}, .deflate = deflate};
  answer(text, options);
  const std::string good =
      "GET / HTTP/1.1\r\nHost: www.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  answer(good + text + "\r\n\r\n", options);
  answer(good + "Sec-WebSocket-Extensions: " + text + "\r\n\r\n", options);

  if (const auto accepted = ws::accept_deflate(text, deflate); accepted && *accepted)
    check_params(**accepted, deflate.memory, false);
  const auto met =
      ws::answer_deflate(ws::offer_deflate(deflate) + (text.empty() ? "" : ", " + text), {.memory = 64 * 1024});
  if (met && *met) check(ws::accept_deflate((*met)->field_value, deflate).has_value());

  const http::Field fields[] = {{"Upgrade", "websocket"},
                                {"Connection", text},
                                {"Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
                                {"Sec-WebSocket-Protocol", text}};
  const ws::ClientOptions client{.subprotocols = {"chat"}};
  const ws::ClientHandshake handshake(std::array<char, 16>{}, client);
  static_cast<void>(handshake.check(http::Status::kSwitchingProtocols, http::Fields(fields)));
  return 0;
}
