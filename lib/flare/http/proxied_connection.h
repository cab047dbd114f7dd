// A connection that a PROXY header may come before (P-22): the header is read, then it is a connection like any other.
#pragma once

#include <cstring>
#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "flare/http/connection.h"
#include "flare/http/connection_count.h"
#include "flare/http/secure_connection.h"
#include "flare/net/proxy_header.h"

namespace flare::http {

/// Reads as far as the header, and what comes with it. The reason to close without a byte comes back where there is no
/// header to be had: kNone where nobody need hear of it. With kAccept, whatever does not begin with a header, or does
/// not go on in time, is the first request.
template <io::ByteStream Stream>
runtime::Task<std::expected<Opening, Reason>> receive_proxy_header(WorkerContext& context, Stream& stream) {
  runtime::Worker& worker = context.worker();
  const Limits& limits = context.limits();
  const bool required = context.trust().proxy_protocol == ProxyProtocol::kRequire;
  Opening opening{.source = {}, .input = {}, .since = worker.now()};
  stream.set_deadline(opening.since + (required ? limits.header_timeout : limits.keepalive_idle));
  for (;;) {
    const std::size_t held = opening.input.size();
    stream.set_idle(held == 0);
    bool last_look = held == 0 && worker.is_draining();  // as Connection::run(): what has arrived is served
    if (!last_look) {
      const auto ready = co_await stream.readable();
      last_look = !ready && ready.error().kind == ErrorKind::kCancelled;
      if (!ready && ready.error().kind == ErrorKind::kTimeout) {
        if (required) co_return std::unexpected(Reason::kProxyHeaderTimeout);
        if (held != 0) co_return opening;
      }
      if (!ready && !last_look) co_return std::unexpected(Reason::kNone);
    }
    io::Buffer& buffer = context.input();
    std::memcpy(buffer.data(), opening.input.data(), held);
    const auto count = stream.try_read({buffer.data() + held, buffer.capacity() - held});
    if (!count) {
      if (count.error().kind == ErrorKind::kWouldBlock && !last_look) continue;
      co_return std::unexpected(held == 0 || last_look ? Reason::kNone : Reason::kClientClosed);
    }
    const std::string_view input(buffer.data(), held + *count);
    const auto header = net::parse_proxy_header(input);
    if (held == 0 || (header && header->size != 0)) opening.since = worker.now();
    if (!header && (required || header.error() != Reason::kProxyHeaderMissing))
      co_return std::unexpected(header.error());
    opening.input.assign(input.substr(header ? header->size : 0));
    if (header) opening.source = header->source;
    if (!header || header->size != 0) co_return opening;
    if (held == 0 && !required) stream.set_deadline(opening.since + limits.header_timeout);
  }
}

/// serve_connection() for a peer in PeerTrust::proxy_from. `place` counts for the source as soon as that is known.
template <io::ByteStream Stream, class... StreamArgs>
runtime::Task<void> serve_proxied_connection(WorkerContext& context, net::SocketAddr peer, ConnectionCount::Place place,
                                             StreamArgs... args) {
  Stream stream(std::move(args)...);
  auto opening = co_await receive_proxy_header(context, stream);
  if (!opening) {
    if (opening.error() != Reason::kNone) context.tell_refused(peer, opening.error());
    co_return;
  }
  const Reason why = opening->source ? place.count_for(opening->source->ip()) : Reason::kNone;
  if (why != Reason::kNone) context.tell_refused(peer, why);
  if (context.tls() != nullptr) {
    if (why == Reason::kNone)
      co_await serve_secure_connection(context, peer, place, std::move(*opening), std::move(stream));
    co_return;
  }
  Connection<Stream> connection(context, peer, std::move(stream));
  if (opening->source) connection.set_source(*opening->source);
  if (why != Reason::kNone) co_return co_await connection.refuse(why);
  connection.begin_with(std::move(opening->input), opening->since);
  co_await connection.run();
  connection.hand_over(place);
}

}  // namespace flare::http
