// What the programmer or the operator got wrong: typed exceptions with context. See error.h for what peers cause.
#pragma once

#include <stdexcept>
#include <string>

#include "flare/base/error.h"

namespace flare {

/// Root of everything flare throws. what() says what happened, where, and what to do.
class Exception : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A system or network operation failed in a blocking or setting-up call.
class NetworkError : public Exception {
 public:
  NetworkError(const std::string& context, Error error) : Exception(context + ": " + describe(error)), error_(error) {}
  [[nodiscard]] const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

class AddressInUse : public NetworkError {
  using NetworkError::NetworkError;
};
class AddressNotAvailable : public NetworkError {
  using NetworkError::NetworkError;
};
class BrokenPipe : public NetworkError {
  using NetworkError::NetworkError;
};
class ConnectionRefused : public NetworkError {
  using NetworkError::NetworkError;
};
class ConnectionReset : public NetworkError {
  using NetworkError::NetworkError;
};
class ConnectionTimeout : public NetworkError {
  using NetworkError::NetworkError;
};
class PermissionDenied : public NetworkError {
  using NetworkError::NetworkError;
};

/// Text that is no address; the message quotes it with unprintable bytes escaped.
class AddressParseError : public Exception {
  using Exception::Exception;
};

/// Throws the exception type that belongs to error.kind.
[[noreturn]] void throw_error(const std::string& context, Error error);

}  // namespace flare
