// Preconditions and byte ranges (RFC 9110 §13, §14): which part of a representation a request gets, if any. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <span>
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

/// The answer: 200 (everything), 206 (`length` bytes, at least 1, from `offset`; or several parts), 304, 412 or 416.
struct Selection {
  Status status = Status::kOk;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  ///< content of a 200 or 206 to a GET; 0 for the rest
  bool several = false;      ///< a 206 of at least two parts: ask requested_ranges() for them

  friend bool operator==(const Selection&, const Selection&) = default;
};

/// Evaluates If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, Range and If-Range in the order of RFC
/// 9110 §13.2.2 (F-10 to F-16). To be asked only where the answer would be a 200 without them (§13.2.1).
Selection select_representation(Method method, const Fields& fields, const Representation& representation) noexcept;

/// Whether If-None-Match names `etag`, weakly compared, or is "*" (RFC 9110 §13.1.2).
bool none_match_names(const Fields& fields, std::string_view etag) noexcept;

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// The parts that a Range field asks for (RFC 9110 §14.1.2), in its order; those that overlap or touch are one.
class ByteRanges {
 public:
  static constexpr std::size_t kMost = 16;  ///< of one request; more are answered with everything (§17.15)
  enum class Kind : std::uint8_t {
    kIgnored,        ///< malformed, another unit, too many, or more than two that overlap: as if there were no Range
    kUnsatisfiable,  ///< none of them begins within the representation
    kParts,          ///< parts() has at least one
  };

  /// `range` is the field's value, `size` that of the representation.
  ByteRanges(std::string_view range, std::uint64_t size) noexcept;
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] std::span<const ByteRange> parts() const noexcept { return {parts_.data(), count_}; }

 private:
  bool add(std::string_view spec, std::uint64_t size) noexcept;
  [[nodiscard]] std::size_t count_overlapping() const noexcept;
  void merge() noexcept;

  Kind kind_ = Kind::kIgnored;
  std::size_t count_ = 0;
  std::array<ByteRange, kMost> parts_{};
};

/// The parts of a `several` Selection for the same request.
ByteRanges requested_ranges(const Fields& fields, std::uint64_t size) noexcept;

/// The value of a Content-Range field for that part of `size` bytes: "bytes 0-9/100" (RFC 9110 §14.4).
std::string content_range(const ByteRange& part, std::uint64_t size);

/// A strong validator from size and modification time in nanoseconds, e.g. "\"d-17a3b2c4d5e6f708\"" (F-9).
std::string make_etag(std::uint64_t size, std::int64_t mtime_ns);

}  // namespace flare::http
