#include "flare/handlers/proxy/refusal.h"

#include <gtest/gtest.h>

namespace flare::handlers::proxy {
namespace {

using http::Status;

Error upstream(ErrorKind kind, Reason reason) {
  return {.kind = kind, .source = ErrorSource::kUpstream, .reason = reason};
}

TEST(Refusal, SaysWhatWentWrong_P9) {
  const struct {
    Error error;
    Status status;
    const char* type;
  } table[] = {
      {upstream(ErrorKind::kConnectionRefused, Reason::kUpstreamConnect), Status::kBadGateway, "connection_refused"},
      {upstream(ErrorKind::kUnreachable, Reason::kUpstreamConnect), Status::kBadGateway, "destination_ip_unroutable"},
      {upstream(ErrorKind::kTimeout, Reason::kUpstreamConnectTimeout), Status::kGatewayTimeout, "connection_timeout"},
      {upstream(ErrorKind::kTimeout, Reason::kUpstreamFirstByte), Status::kGatewayTimeout, "http_response_timeout"},
      {upstream(ErrorKind::kAddressNotAvailable, Reason::kNameNotFound), Status::kBadGateway, "dns_error"},
      {upstream(ErrorKind::kProtocol, Reason::kBadStatusLine), Status::kBadGateway, "http_protocol_error"},
      {upstream(ErrorKind::kProtocol, Reason::kHeaderBytes), Status::kBadGateway, "http_response_header_section_size"},
      {upstream(ErrorKind::kProtocol, Reason::kLoop), Status::kBadGateway, "proxy_loop_detected"},
      {upstream(ErrorKind::kProtocol, Reason::kCertificateExpired), Status::kBadGateway, "tls_certificate_error"},
      {{.kind = ErrorKind::kUnreachable, .reason = Reason::kNoUpstream},
       Status::kServiceUnavailable,
       "destination_unavailable"},
      {{.kind = ErrorKind::kTimeout, .reason = Reason::kUpstreamQueueTimeout},
       Status::kServiceUnavailable,
       "connection_limit_reached"},
      {{.kind = ErrorKind::kResource, .reason = Reason::kUpstreamBreaker},
       Status::kServiceUnavailable,
       "destination_unavailable"},
      {{.kind = ErrorKind::kResource, .reason = Reason::kResourceExhausted},
       Status::kServiceUnavailable,
       "proxy_internal_error"},
  };
  for (const auto& row : table) {
    const http::Response response = refusal(row.error, true);
    EXPECT_EQ(response.status, row.status) << row.type;
    EXPECT_EQ(response.why, row.error.reason) << row.type;
    EXPECT_EQ(proxy_error_type(row.error), row.type);
    EXPECT_NE(response.headers.get("Proxy-Status").value_or("").find(row.type), std::string_view::npos);
    EXPECT_EQ(response.headers.get("Retry-After").has_value(), row.status == Status::kServiceUnavailable);
    EXPECT_FALSE(response.close);
    EXPECT_FALSE(refusal(row.error, false).headers.get("Proxy-Status"));
  }
}

TEST(Refusal, WhatTheClientSentIsItsOwnFault) {
  const http::Response response = refusal({.kind = ErrorKind::kProtocol, .reason = Reason::kBadChunk}, true);
  EXPECT_EQ(response.status, Status::kBadRequest);
  EXPECT_TRUE(response.close);
  EXPECT_FALSE(response.headers.get("Proxy-Status"));
}

}  // namespace
}  // namespace flare::handlers::proxy
