// Preconditions and byte ranges (RFC 9110 §13, §14): which part of a representation a request gets, if any. Pure.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "flare/http/field.h"
#include "flare/http/method.h"
#include "flare/http/status.h"

namespace flare::http {

/// What a 200 to the request would carry.
struct Representation {
  std::uint64_t size = 0;  ///< bytes
  std::time_t mtime = 0;   ///< Last-Modified, seconds since the epoch
  std::string_view etag;   ///< as in the ETag field, quotes included; "" for none
  /// Whether the date alone tells versions apart, as If-Range needs: a file that changed less than a second ago could
  /// change again under the same date (RFC 9110 §8.8.2.2).
  bool date_is_strong = true;
};

/// The answer: 200 (everything), 206 (`length` bytes, at least 1, from `offset`), 304, 412 or 416.
struct Selection {
  Status status = Status::kOk;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< content of a 200 or 206 to a GET; 0 for the rest

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, Range and If-Range in the order of RFC
/// 9110 §13.2.2 (F-10 to F-16). To be asked only where the answer would be a 200 without them (§13.2.1). More than one
/// range is answered with everything.
Selection select_representation(Method method, const Fields& fields, const Representation& representation) noexcept;

/// A strong validator from size and modification time in nanoseconds, e.g. "\"d-17a3b2c4d5e6f708\"" (F-9).
std::string make_etag(std::uint64_t size, std::int64_t mtime_ns);

}  // namespace flare::http
