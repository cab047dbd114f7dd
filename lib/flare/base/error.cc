#include "flare/base/error.h"

#include <cerrno>
#include <system_error>

#include "flare/base/exception.h"

namespace flare {

Error Error::from_errno(int err) noexcept {
  Error error{.sys_errno = err};
  switch (err) {
    case EAGAIN: error.kind = ErrorKind::kWouldBlock; break;
    case ECONNREFUSED: error.kind = ErrorKind::kConnectionRefused; break;
    case ECONNRESET:
    case ECONNABORTED: error.kind = ErrorKind::kConnectionReset; break;
    case EPIPE: error.kind = ErrorKind::kBrokenPipe; break;
    case ETIMEDOUT: error.kind = ErrorKind::kTimeout; break;
    case ECANCELED: error.kind = ErrorKind::kCancelled; break;
    case EADDRINUSE: error.kind = ErrorKind::kAddressInUse; break;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: error.kind = ErrorKind::kAddressNotAvailable; break;
    case EACCES:
    case EPERM: error.kind = ErrorKind::kPermission; break;
    case ENETUNREACH:
    case EHOSTUNREACH: error.kind = ErrorKind::kUnreachable; break;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: error.kind = ErrorKind::kResource; break;
    default: error.kind = ErrorKind::kSystem; break;
  }
  return error;
}

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::kSystem: return "system error";
    case ErrorKind::kWouldBlock: return "would block";
    case ErrorKind::kClosed: return "closed by peer";
    case ErrorKind::kConnectionRefused: return "connection refused";
    case ErrorKind::kConnectionReset: return "connection reset";
    case ErrorKind::kBrokenPipe: return "broken pipe";
    case ErrorKind::kTimeout: return "timed out";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kAddressInUse: return "address in use";
    case ErrorKind::kAddressNotAvailable: return "address not available";
    case ErrorKind::kPermission: return "permission denied";
    case ErrorKind::kUnreachable: return "unreachable";
    case ErrorKind::kResource: return "out of resources";
    case ErrorKind::kProtocol: return "protocol error";
  }
  return "unknown error";
}

std::string_view to_string(ErrorSource source) noexcept {
  switch (source) {
    case ErrorSource::kInternal: return "internal";
    case ErrorSource::kClient: return "client";
    case ErrorSource::kUpstream: return "upstream";
  }
  return "unknown";
}

std::string describe(const Error& error) {
  std::string text(to_string(error.kind));
  if (error.reason != Reason::kNone) text.append(" (").append(to_string(error.reason)).append(")");
  if (error.sys_errno != 0) text.append(": ").append(std::generic_category().message(error.sys_errno));
  return text;
}

void throw_error(const std::string& context, Error error) {
  switch (error.kind) {
    case ErrorKind::kAddressInUse: throw AddressInUse(context, error);
    case ErrorKind::kAddressNotAvailable: throw AddressNotAvailable(context, error);
    case ErrorKind::kBrokenPipe: throw BrokenPipe(context, error);
    case ErrorKind::kConnectionRefused: throw ConnectionRefused(context, error);
    case ErrorKind::kConnectionReset: throw ConnectionReset(context, error);
    case ErrorKind::kTimeout: throw ConnectionTimeout(context, error);
    case ErrorKind::kPermission: throw PermissionDenied(context, error);
    case ErrorKind::kSystem:
    case ErrorKind::kWouldBlock:
    case ErrorKind::kClosed:
    case ErrorKind::kCancelled:
    case ErrorKind::kUnreachable:
    case ErrorKind::kResource:
    case ErrorKind::kProtocol: break;
  }
  throw NetworkError(context, error);
}

}  // namespace flare
