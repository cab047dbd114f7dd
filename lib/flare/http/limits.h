// What one connection and one request may take. Every bound is on by default (behaviour.md H-7, L-5, section 9).
#pragma once

#include <chrono>
#include <cstdint>

namespace flare::http {

/// What the bytes from 0x80 of a decoded path are (H-22): UTF-8, or whatever the files are called.
enum class Utf8Policy : std::uint8_t { kStrict, kOpaque };

struct Limits {
  std::uint32_t header_bytes = 16 * 1024;            ///< request line + header block, bytes -> 431
  std::uint32_t header_count = 100;                  ///< field lines -> 431
  std::uint32_t uri_bytes = 8 * 1024;                ///< request target, bytes -> 414
  std::uint64_t body = 10 * 1024 * 1024;             ///< request content, bytes -> 413
  std::chrono::milliseconds header_timeout{10'000};  ///< first byte to end of headers -> 408
  std::chrono::milliseconds body_idle{30'000};       ///< between two reads of a body -> 408
  std::chrono::milliseconds write_idle{30'000};      ///< between two writes that move bytes -> close
  std::uint64_t min_rate = 256;  ///< bytes a second of content, each direction (transfer_pace.h); 0: any
  std::uint64_t bandwidth = 0;   ///< bytes a second of one response larger than a turn's share (16 KiB); 0: any
  std::chrono::milliseconds keepalive_idle{75'000};    ///< between two requests -> close
  std::chrono::milliseconds keepalive_age{3'600'000};  ///< of a connection, at its next answer -> Connection: close
  std::uint32_t keepalive_requests = 10'000;           ///< requests on one connection -> Connection: close
  Utf8Policy utf8 = Utf8Policy::kStrict;               ///< of paths; what is none -> 400
  std::uint32_t connections = 20'000;                  ///< of all workers together -> 503
  std::uint32_t per_ip = 1'000;                        ///< of one client address, IPv6 by /64 -> 429; 0: any number

  friend bool operator==(const Limits&, const Limits&) = default;
};

}  // namespace flare::http
