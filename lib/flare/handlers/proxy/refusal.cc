#include "flare/handlers/proxy/refusal.h"

#include <string>

namespace flare::handlers::proxy {
namespace {

using http::Status;

bool is_own(Reason reason) noexcept {
  return reason == Reason::kNoUpstream || reason == Reason::kUpstreamBusy || reason == Reason::kUpstreamQueueTimeout ||
         reason == Reason::kUpstreamBreaker || reason == Reason::kResourceExhausted;
}

}  // namespace

std::string_view proxy_error_type(const Error& error) noexcept {
  switch (error.reason) {
    case Reason::kUpstreamUnresolved:
    case Reason::kNameNotFound:
    case Reason::kDnsFailed: return "dns_error";
    case Reason::kDnsTimeout: return "dns_timeout";
    case Reason::kUpstreamConnectTimeout: return "connection_timeout";
    case Reason::kUpstreamConnect:
      return error.kind == ErrorKind::kConnectionRefused ? "connection_refused" : "destination_ip_unroutable";
    case Reason::kUpstreamClosed: return "connection_terminated";
    case Reason::kUpstreamFirstByte: return "http_response_timeout";
    case Reason::kUpstreamIdle: return "connection_read_timeout";
    case Reason::kWriteIdle: return "connection_write_timeout";
    case Reason::kNoUpstream:
    case Reason::kUpstreamBreaker: return "destination_unavailable";
    case Reason::kUpstreamBusy:
    case Reason::kUpstreamQueueTimeout: return "connection_limit_reached";
    case Reason::kResourceExhausted: return "proxy_internal_error";
    case Reason::kLoop: return "proxy_loop_detected";
    case Reason::kHeaderBytes:
    case Reason::kHeaderCount: return "http_response_header_section_size";
    case Reason::kCertificateExpired:
    case Reason::kCertificateHostname:
    case Reason::kCertificateUntrusted: return "tls_certificate_error";
    case Reason::kTlsMalformed:
    case Reason::kTlsNothingShared:
    case Reason::kTlsPeerAlert:
    case Reason::kTlsTimeout:
    case Reason::kTlsClosed: return "tls_protocol_error";
    default: return "http_protocol_error";
  }
}

http::Response refusal(const Error& error, bool proxy_status) {
  if (error.source != ErrorSource::kUpstream && !is_own(error.reason)) {  // the client's content
    http::Response response = http::error_response(http::status_for(error.reason), error.reason);
    response.close = true;
    return response;
  }
  const Status status = is_own(error.reason)                ? Status::kServiceUnavailable
                        : error.kind == ErrorKind::kTimeout ? Status::kGatewayTimeout
                                                            : Status::kBadGateway;
  http::Response response =
      http::error_response(status, error.reason == Reason::kNone ? Reason::kUpstreamConnect : error.reason);
  if (status == Status::kServiceUnavailable) response.headers.set("Retry-After", "5");
  if (proxy_status) response.headers.set("Proxy-Status", "flared; error=" + std::string(proxy_error_type(error)));
  return response;
}

}  // namespace flare::handlers::proxy
