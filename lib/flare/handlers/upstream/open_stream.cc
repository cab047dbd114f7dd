#include "flare/handlers/upstream/open_stream.h"

#include <string>
#include <utility>
#include <vector>

#include "flare/handlers/upstream/server_name.h"
#include "flare/tcp/connect.h"
#include "flare/tls/connect.h"

namespace flare::handlers {
namespace {

std::unexpected<Error> with_reason(Error error) noexcept {
  if (error.kind == ErrorKind::kResource) {  // of this machine: it is not the server's fault
    error.source = ErrorSource::kInternal;
    error.reason = Reason::kResourceExhausted;
    return std::unexpected(error);
  }
  error.source = ErrorSource::kUpstream;
  if (error.reason == Reason::kNone && error.kind != ErrorKind::kCancelled)
    error.reason = error.kind == ErrorKind::kTimeout ? Reason::kUpstreamConnectTimeout : Reason::kUpstreamConnect;
  return std::unexpected(error);
}

Error unresolved() noexcept {
  return {.kind = ErrorKind::kUnreachable, .source = ErrorSource::kUpstream, .reason = Reason::kUpstreamUnresolved};
}

}  // namespace

runtime::Task<Result<tcp::TcpStream>> open_stream(OfKind<tcp::TcpStream> /*kind*/, runtime::Worker& worker,
                                                  const UpstreamPool::Member& member, const UpstreamOptions& options,
                                                  runtime::Cancellation* client) {
  if (member.where.empty()) co_return std::unexpected(unresolved());
  auto stream = co_await tcp::connect(worker, member.where, options.connect, client);
  if (!stream) co_return with_reason(stream.error());
  co_return stream;
}

runtime::Task<Result<tls::TlsStream>> open_stream(OfKind<tls::TlsStream> /*kind*/, runtime::Worker& worker,
                                                  const UpstreamPool::Member& member, const UpstreamOptions& options,
                                                  runtime::Cancellation* client) {
  if (member.where.empty()) co_return std::unexpected(unresolved());
  std::string host = options.tls_name.empty() ? std::string(host_of(member.server->address)) : options.tls_name;
  auto stream = co_await tls::connect(worker, member.where, std::move(host), options.tls, options.connect, client);
  if (!stream) co_return with_reason(stream.error());
  co_return stream;
}

}  // namespace flare::handlers
