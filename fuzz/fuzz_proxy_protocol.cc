// The PROXY header: whatever the splits, the parser says the same; and a connection behind a header answers what it
// answers without one, byte for byte, or nothing at all. Input: SplitInput; its option: a header is not required.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "flare/http/proxied_connection.h"
#include "fuzz/split_input.h"
#include "tests/support/memory_stream.h"

namespace {

using namespace flare;
using Parsed = std::expected<net::ProxyHeader, Reason>;

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_proxy_protocol.cc:%d: the check does not hold\n", line);
  std::abort();
}

bool lies_in(std::string_view view, std::string_view whole) {
  return view.empty() || (view.data() >= whole.data() && view.data() + view.size() <= whole.data() + whole.size());
}

/// Parses a copy of exactly that size: AddressSanitizer sees one byte too many.
Parsed parse_exactly(std::string_view input) {
  const std::unique_ptr<char[]> exact(new char[input.size()]);
  std::copy_n(input.data(), input.size(), exact.get());
  const std::string_view copy(exact.get(), input.size());
  auto parsed = net::parse_proxy_header(copy);
  if (parsed) {
    check(parsed->size <= copy.size());
    check(parsed->source.has_value() == parsed->destination.has_value());
    check(lies_in(parsed->alpn, copy) && lies_in(parsed->authority, copy));
    parsed->alpn = parsed->authority = {};  // their bytes end here
  } else {
    check(parsed.error() == Reason::kProxyHeaderMissing || parsed.error() == Reason::kProxyHeaderBytes ||
          parsed.error() == Reason::kBadProxyHeader);
  }
  return parsed;
}

bool is_incomplete(const Parsed& parsed) { return parsed && parsed->size == 0; }

bool same(const Parsed& a, const Parsed& b) {
  if (!a || !b) return !a && !b && a.error() == b.error();
  return a->size == b->size && a->source == b->source && a->destination == b->destination;
}

http::Response who(const http::Request& request) {
  return http::ok(request.client().to_string() + " " + std::string(request.target()));
}

struct Outcome {
  std::string sent;
  Reason refused = Reason::kNone;
};

struct Refusals final : http::Recorder {
  Reason why = Reason::kNone;
  void record(const http::Transaction&) noexcept override {}
  void failure(const http::Request&, std::string_view) noexcept override {}
  void refused(const net::SocketAddr&, Reason reason, std::string_view) noexcept override { why = reason; }
};

enum class How : std::uint8_t { kProxied, kPlain };

Outcome run(test::Wire wire, How how, const http::PeerTrust& trust, const net::SocketAddr& peer) {
  static runtime::Worker worker;
  Refusals refusals;
  const http::Limits limits;
  http::WorkerContext context(worker, who, limits, "flared", &refusals);
  context.set_trust(trust);
  worker.spawn(how == How::kProxied ? http::serve_proxied_connection<test::MemoryStream>(
                                          context, peer, http::ConnectionCount::Place(), std::ref(wire))
                                    : http::serve_connection<test::MemoryStream>(context, peer, std::ref(wire)));
  for (int turns = 0; worker.active_tasks() != 0; ++turns) {
    check(turns < 10'000);
    worker.run_once(std::chrono::milliseconds(0));
  }
  return {.sent = wire.sent, .refused = refusals.why};
}

std::string without_dates(std::string text) {
  constexpr std::string_view kDate = "\r\nDate: ";
  for (std::size_t at = 0; (at = text.find(kDate, at)) != std::string::npos;) {
    at += kDate.size();
    for (std::size_t i = at; i < text.size() && text[i] != '\r'; ++i) text[i] = '*';
  }
  return text;
}

test::Wire pieces_of(std::string_view input, const fuzz::SplitInput& split) {
  test::Wire wire;
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    if (end > begin) wire.arriving.emplace_back(input.substr(begin, end - begin));
    begin = std::max(begin, end);
  }
  if (begin < input.size()) wire.arriving.emplace_back(input.substr(begin));
  return wire;
}

void check_connection(const std::string& input, const fuzz::SplitInput& split) {
  const net::SocketAddr proxy = net::SocketAddr::localhost(40000);
  const bool required = !split.narrow;
  const http::PeerTrust trust{.proxy_protocol = required ? http::ProxyProtocol::kRequire : http::ProxyProtocol::kAccept,
                              .proxy_from = {.networks = {{.base = net::IpAddr::localhost(), .bits = 8}}},
                              .trusted_proxies = {}};
  const Outcome proxied = run(pieces_of(input, split), How::kProxied, trust, proxy);

  const Parsed parsed = net::parse_proxy_header(input);
  const bool plain = !parsed && !required && parsed.error() == Reason::kProxyHeaderMissing;
  if (!plain && (!parsed || parsed->size == 0)) {
    check(proxied.sent.empty());
    check(proxied.refused == (parsed ? Reason::kClientClosed : parsed.error()));
    return;
  }
  const std::string behind = input.substr(plain ? 0 : parsed->size);
  if (behind.starts_with('\x16')) return;  // TLS on a plain port, or a bad request: the first read's size decides
  check(proxied.refused == Reason::kNone);
  test::Wire rest;
  if (!behind.empty()) rest.arriving.push_back(behind);
  const bool relayed = !plain && parsed->source.has_value();
  const net::SocketAddr peer = relayed ? net::SocketAddr(parsed->source->ip().unmapped(), 1) : proxy;
  check(without_dates(proxied.sent) == without_dates(run(rest, How::kPlain, trust, peer).sent));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::SplitInput split(data, size);
  const Parsed whole = parse_exactly(split.input);
  for (const std::size_t end : split.ends) {
    const Parsed part = parse_exactly(split.input.substr(0, end));
    check(is_incomplete(part) || same(part, whole));
  }
  // A head that gets no line feed is not looked at again: with one at the end, the last piece always is.
  if (!split.input.empty() && size < 8000) check_connection(std::string(split.input) + "\n", split);
  return 0;
}
