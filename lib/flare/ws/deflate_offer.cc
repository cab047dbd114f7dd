#include "flare/ws/deflate_offer.h"

#include "flare/base/ascii.h"
#include "flare/ws/deflate.h"
#include "flare/ws/extension.h"

namespace flare::ws {
namespace {

using detail::Extension;
using detail::ExtensionReader;
using detail::kDeflateName;

constexpr int kLeastBits = 8;
constexpr int kMostBits = 15;
constexpr int kLeastDeflateBits = 9;  // zlib compresses with no fewer

/// The most bits from `most` down to `least` with which `memory_of` fits; nullopt: none.
template <class Memory>
std::optional<std::uint8_t> fitting(int most, int least, std::size_t memory, Memory memory_of) noexcept {
  for (int bits = most; bits >= least; --bits) {
    if (memory_of(bits) <= memory) return static_cast<std::uint8_t>(bits);
  }
  return std::nullopt;
}

std::optional<DeflateParams> meet(const Extension& offer, const DeflateOptions& options) noexcept {
  const int server_most = offer.server_max_window_bits.value_or(kMostBits);
  if (!offer.understood || server_most < kLeastDeflateBits) return std::nullopt;
  DeflateParams params{.server_no_context_takeover = offer.server_no_context_takeover,
                       .client_no_context_takeover = offer.client_no_context_takeover,
                       .server_max_window_bits = static_cast<std::uint8_t>(server_most)};
  const std::size_t half = options.memory / 2;
  if (!params.server_no_context_takeover) {
    const auto bits = fitting(server_most, kLeastDeflateBits, half, deflate_memory);
    params.server_no_context_takeover = !bits;
    params.server_max_window_bits = bits.value_or(params.server_max_window_bits);
  }
  // Only a client that has named its bits can be told to use fewer (RFC 7692 §7.1.2.2).
  const bool bits_offered = offer.client_max_window_bits.has_value();
  const int offered = offer.client_max_window_bits.value_or(0);
  const int client_most = offered != 0 ? offered : kMostBits;
  params.client_max_window_bits = static_cast<std::uint8_t>(client_most);
  if (!params.client_no_context_takeover) {
    const auto bits = fitting(client_most, bits_offered ? kLeastBits : client_most, half, inflate_memory);
    params.client_no_context_takeover = !bits;
    params.client_max_window_bits = bits.value_or(params.client_max_window_bits);
  }
  return params;
}

std::string write(const DeflateParams& params, bool client_bits_allowed) {
  std::string text(kDeflateName);
  if (params.server_no_context_takeover) text += "; server_no_context_takeover";
  if (params.client_no_context_takeover) text += "; client_no_context_takeover";
  if (params.server_max_window_bits != kMostBits)
    text += "; server_max_window_bits=" + std::to_string(params.server_max_window_bits);
  if (client_bits_allowed && params.client_max_window_bits != kMostBits)
    text += "; client_max_window_bits=" + std::to_string(params.client_max_window_bits);
  return text;
}

}  // namespace

std::expected<std::optional<DeflateAnswer>, Reason> answer_deflate(std::string_view offers,
                                                                   const DeflateOptions& options) {
  ExtensionReader reader(ascii::trim(offers));
  std::optional<DeflateAnswer> answer;
  do {
    const Extension extension = reader.extension();
    if (!reader.good()) return std::unexpected(Reason::kWsBadHandshake);  // RFC 6455 §9.1
    if (answer || !extension.is_deflate) continue;
    if (const auto params = meet(extension, options))
      answer = {*params, write(*params, extension.client_max_window_bits.has_value())};
  } while (reader.take_separator(','));
  if (!reader.at_end()) return std::unexpected(Reason::kWsBadHandshake);
  return answer;
}

std::string offer_deflate(const DeflateOptions& options) {
  const std::size_t half = options.memory / 2;
  // A client cannot make a server use fewer bits than it wants to be asked for, but can say what it has memory for.
  const auto server_bits = fitting(kMostBits, kLeastDeflateBits, half, inflate_memory);
  std::string text(kDeflateName);
  if (!server_bits) {
    text += "; server_no_context_takeover";
  } else if (*server_bits != kMostBits) {
    text += "; server_max_window_bits=" + std::to_string(*server_bits);
  }
  if (!fitting(kMostBits, kLeastDeflateBits, half, deflate_memory)) text += "; client_no_context_takeover";
  return text + "; client_max_window_bits";
}

std::expected<std::optional<DeflateParams>, Reason> accept_deflate(std::string_view answer,
                                                                   const DeflateOptions& options) {
  answer = ascii::trim(answer);
  if (answer.empty()) return std::nullopt;
  ExtensionReader reader(answer);
  const Extension extension = reader.extension();
  const int client_bits = extension.client_max_window_bits.value_or(kMostBits);
  // An answer gives values, and no more of the server's window than was asked for (RFC 7692 §7.1.2).
  if (!reader.good() || !reader.at_end() || !extension.is_deflate || !extension.understood ||
      client_bits < kLeastDeflateBits)
    return std::unexpected(Reason::kWsBadHandshake);
  const std::size_t half = options.memory / 2;
  const auto server_asked = fitting(kMostBits, kLeastDeflateBits, half, inflate_memory);
  const int server_bits = extension.server_max_window_bits.value_or(kMostBits);
  if (server_asked ? server_bits > *server_asked : !extension.server_no_context_takeover)
    return std::unexpected(Reason::kWsBadHandshake);
  DeflateParams params{.server_no_context_takeover = extension.server_no_context_takeover,
                       .client_no_context_takeover = extension.client_no_context_takeover,
                       .server_max_window_bits = static_cast<std::uint8_t>(server_bits),
                       .client_max_window_bits = static_cast<std::uint8_t>(client_bits)};
  if (!params.client_no_context_takeover) {
    const auto bits = fitting(client_bits, kLeastDeflateBits, half, deflate_memory);
    params.client_no_context_takeover = !bits;  // a client may always do without
    params.client_max_window_bits = bits.value_or(params.client_max_window_bits);
  }
  return params;
}

}  // namespace flare::ws
