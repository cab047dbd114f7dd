// Reason codes: one name for each answer or close that flare itself decides on. They stand in the access log (`why`).
#pragma once

#include <cstdint>
#include <string_view>

namespace flare {

enum class Reason : std::uint8_t {
  kNone,
  // The request head (RFC 9112).
  kBadRequestLine,
  kBadLineEnding,
  kBadMethod,
  kMethodTooLong,
  kBadTarget,
  kBadVersion,
  kVersionNotSupported,
  kBadHeaderName,
  kBadHeaderValue,
  kObsFold,
  kUriBytes,
  kHeaderBytes,
  kHeaderCount,
  kBadHost,
  kMissingHost,
  kDuplicateHost,
  kHostUnknown,
  kSchemeMismatch,
  kConnectRefused,
  kTraceRefused,
  kExpectationFailed,
  // The path.
  kBadEscape,
  kBadUtf8,
  kDotSegment,
  kEncodedSlash,
  // Framing.
  kBadContentLength,
  kDuplicateContentLength,
  kBadTransferEncoding,
  kUnknownTransferCoding,
  kLengthAndCoding,
  kBadChunk,
  kChunkExtensionBytes,
  kBadTrailer,
  kBodyBytes,
  // Routing and handlers.
  kNoRoute,
  kMethodNotAllowed,
  kAccessDenied,
  kHandlerFailed,
  kContentFailed,
  kOutsideRoot,
  kHiddenFile,
  kNotRegularFile,
  kFileDenied,
  kFileMissing,
  kFileTruncated,
  kResourceExhausted,
  kRateLimited,
  kNotAcceptable,
  kCompressStreams,
  // The PROXY protocol: such connections are closed without a byte (P-22).
  kProxyHeaderMissing,
  kBadProxyHeader,
  kProxyHeaderBytes,
  kProxyHeaderTimeout,
  kProxyNotAllowed,
  // TLS: handshakes that came to nothing (T-5), and whom a client does not believe.
  kTlsMalformed,
  kTlsNothingShared,
  kTlsNoProtocol,
  kUnknownServerName,
  kClientCertificate,
  kTlsPeerAlert,
  kTlsTimeout,
  kTlsClosed,
  kHandshakeRate,
  kPlainHttpOnTls,
  kTlsOnPlainPort,
  kWrongServerName,
  kCertificateExpired,
  kCertificateHostname,
  kCertificateUntrusted,
  // Time and the other side.
  kHeaderTimeout,
  kBodyIdle,
  kWriteIdle,
  kMinRate,
  kKeepaliveIdle,
  kKeepaliveRequests,
  kConnections,
  kPerIp,
  kClientClosed,
  kDraining,
  kCount_,  ///< not a reason: how many there are
};

/// The stable snake_case code, e.g. "header_bytes"; "" for kNone.
std::string_view to_string(Reason reason) noexcept;

}  // namespace flare
