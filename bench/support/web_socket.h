// What the bench's own programs know about WebSocket (RFC 6455): one fixed handshake, and frames.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "bench/support/sockets.h"

namespace bench {

enum class Opcode : std::uint8_t { text = 1, binary = 2 };

inline constexpr std::string_view kHeadEnd = "\r\n\r\n";

// To the key of RFC 6455 §1.3, which is the only one that is sent.
inline constexpr std::string_view kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// Bytes of the length that follow the second byte of a head which says `length` (§5.2).
constexpr std::size_t extended_bytes(unsigned length) { return length == 127 ? 8 : length == 126 ? 2 : 0; }

// The head of a whole message's frame, without a mask. Its size.
inline std::size_t write_head(char* out, char first, std::size_t size) {
  const std::size_t more = size > 0xFFFF ? 8 : size > 125 ? 2 : 0;
  out[0] = first;
  out[1] = static_cast<char>(more == 8 ? 127 : more == 2 ? 126 : size);
  for (std::size_t i = 0; i < more; ++i) out[2 + i] = static_cast<char>(size >> (8 * (more - 1 - i)));
  return 2 + more;
}

inline std::string server_frame(Opcode opcode, std::string_view payload) {
  std::array<char, 10> head;
  const std::size_t size = write_head(head.data(), static_cast<char>(0x80 | static_cast<int>(opcode)), payload.size());
  return std::string(head.data(), size).append(payload);
}

inline std::string client_frame(Opcode opcode, std::string_view payload, std::array<char, 4> key) {
  std::string frame = server_frame(opcode, payload);
  const std::size_t head = frame.size() - payload.size();
  frame[1] = static_cast<char>(frame[1] | 0x80);
  for (std::size_t i = 0; i < payload.size(); ++i) frame[head + i] = static_cast<char>(payload[i] ^ key[i % 4]);
  return frame.insert(head, key.data(), key.size());
}

// A blocking socket that is past the handshake, which no frame of the server may follow unasked.
inline int open_web_socket(std::uint16_t port, const std::string& path) {
  const int fd = connect_to(port);
  const std::string request = "GET " + path +
                              " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  if (send(fd, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    fail_with_errno("send");
  }
  std::string answer;
  std::array<char, 4096> buffer;
  while (!answer.ends_with(kHeadEnd)) {
    const ssize_t count = recv(fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) fail("the server closed the connection before it had answered the handshake: " + answer);
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (!answer.starts_with("HTTP/1.1 101 ")) fail("a handshake was refused: " + answer);
  return fd;
}

}  // namespace bench
