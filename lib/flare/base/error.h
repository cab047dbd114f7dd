// Errors that a peer or the network can cause: plain values, returned as Result<T>.
// Errors of the programmer or the operator are exceptions: see exception.h.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "flare/base/reason.h"

namespace flare {

/// What went wrong, as far as code may branch on it.
enum class ErrorKind : std::uint8_t {
  kSystem,      ///< an errno that no other kind names
  kWouldBlock,  ///< nothing to do now: wait for readiness
  kClosed,      ///< orderly end of stream
  kConnectionRefused,
  kConnectionReset,
  kBrokenPipe,
  kTimeout,    ///< a deadline passed
  kCancelled,  ///< the owner gave up waiting (drain, shutdown)
  kAddressInUse,
  kAddressNotAvailable,
  kPermission,
  kUnreachable,
  kResource,  ///< out of descriptors or memory
  kProtocol,  ///< the peer broke the protocol: reason says how
};

/// Who caused it.
enum class ErrorSource : std::uint8_t { kInternal, kClient, kUpstream };

/// Trivially copyable; never allocates. `sys_errno` is 0 where no system call failed.
struct Error {
  ErrorKind kind = ErrorKind::kSystem;
  ErrorSource source = ErrorSource::kInternal;
  Reason reason = Reason::kNone;
  int sys_errno = 0;

  /// The error for `err`, an errno value, with the kind it stands for.
  static Error from_errno(int err) noexcept;
  static constexpr Error of(ErrorKind kind, Reason reason = Reason::kNone) noexcept {
    return {.kind = kind, .reason = reason};
  }

  friend bool operator==(const Error&, const Error&) = default;
};

template <class T>
using Result = std::expected<T, Error>;

/// For `return fail(ErrorKind::kTimeout);`
[[nodiscard]] inline std::unexpected<Error> fail(ErrorKind kind, Reason reason = Reason::kNone) noexcept {
  return std::unexpected(Error::of(kind, reason));
}
/// For `return fail_errno(errno);`
[[nodiscard]] inline std::unexpected<Error> fail_errno(int err) noexcept {
  return std::unexpected(Error::from_errno(err));
}

std::string_view to_string(ErrorKind kind) noexcept;
std::string_view to_string(ErrorSource source) noexcept;
/// One line for people: kind, reason and the system's words. Nobody branches on it.
std::string describe(const Error& error);

}  // namespace flare
