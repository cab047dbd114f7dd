#include "flare/ws/deflate.h"

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

namespace flare::ws {
namespace {

constexpr std::string_view kTail("\x00\x00\xFF\xFF", 4);  // RFC 7692 §7.2.1: what a message leaves out
constexpr std::size_t kStep = 16 * 1024;
constexpr int kLevel = 6;

/// zlib does not write through next_in, but does not say so either.
void set_input(z_stream& stream, std::string_view bytes) noexcept {
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
}

/// Appends what `step` writes to `room` more bytes.
template <class Step>
int append(std::string& out, std::size_t room, z_stream& stream, Step step) {
  int outcome = Z_OK;
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + room, [&](char* bytes, std::size_t) {
    stream.next_out = reinterpret_cast<Bytef*>(bytes + before);
    stream.avail_out = static_cast<uInt>(room);
    outcome = step(&stream);
    return before + room - stream.avail_out;
  });
  return outcome;
}

}  // namespace

Inflater::Inflater(int window_bits) : stream_(std::make_unique<z_stream>()) {
  if (::inflateInit2(stream_.get(), -window_bits) != Z_OK) throw std::bad_alloc();
}

Inflater::~Inflater() { ::inflateEnd(stream_.get()); }

void Inflater::reset() noexcept { ::inflateReset(stream_.get()); }

Reason Inflater::inflate(std::string_view piece, std::string& out, std::size_t limit) noexcept {
  set_input(*stream_, piece);
  for (;;) {
    // One byte more than is allowed shows that there are too many, and needs no buffer for them.
    const std::size_t room = std::min(kStep, limit - out.size() + 1);
    const int outcome = append(out, room, *stream_, [](z_stream* stream) { return ::inflate(stream, Z_SYNC_FLUSH); });
    if (out.size() > limit) return Reason::kWsMessageBytes;
    if (outcome == Z_STREAM_END) {
      if (!restart_behind_final_block()) return Reason::kResourceExhausted;
      if (stream_->avail_in == 0) return Reason::kNone;
      continue;
    }
    if (outcome == Z_MEM_ERROR) return Reason::kResourceExhausted;
    if (outcome != Z_OK && outcome != Z_BUF_ERROR) return Reason::kWsDeflate;
    if (stream_->avail_out != 0) return Reason::kNone;  // all that the piece gives
  }
}

Reason Inflater::finish(std::string& out, std::size_t limit) noexcept { return inflate(kTail, out, limit); }

/// A block may say that it is the last one (RFC 7692 §7.2.3.5), and yet others follow that refer to it.
bool Inflater::restart_behind_final_block() noexcept {
  std::array<Bytef, 32 * 1024> window;  // NOLINT: the first `size` bytes are meant
  uInt size = 0;
  return ::inflateGetDictionary(stream_.get(), window.data(), &size) == Z_OK && ::inflateReset(stream_.get()) == Z_OK &&
         (size == 0 || ::inflateSetDictionary(stream_.get(), window.data(), size) == Z_OK);
}

Deflater::Deflater(int window_bits) : stream_(std::make_unique<z_stream>()) {
  if (::deflateInit2(stream_.get(), kLevel, Z_DEFLATED, -window_bits, deflate_memory_level(window_bits),
                     Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc();
}

Deflater::~Deflater() { ::deflateEnd(stream_.get()); }

void Deflater::reset() noexcept { ::deflateReset(stream_.get()); }

void Deflater::deflate(std::string_view message, std::string& out) {
  if (message.empty()) {  // RFC 7692 §7.2.3.6
    out += '\0';
    return;
  }
  constexpr std::size_t kMostAtOnce = 1U << 30;  // zlib counts in 32 bits
  while (!message.empty()) {
    const std::string_view piece = message.substr(0, kMostAtOnce);
    message.remove_prefix(piece.size());
    set_input(*stream_, piece);
    std::size_t room = ::deflateBound(stream_.get(), static_cast<uLong>(piece.size())) + 16;
    do {
      append(out, room, *stream_, [](z_stream* stream) { return ::deflate(stream, Z_SYNC_FLUSH); });
      room = kStep;
    } while (stream_->avail_out == 0);
  }
  out.resize(out.size() - kTail.size());
}

std::unique_ptr<Inflater> CodecPool::take_inflater() {
  if (spare_.empty()) return std::make_unique<Inflater>(15);
  std::unique_ptr<Inflater> inflater = std::move(spare_.back());
  spare_.pop_back();
  return inflater;
}

void CodecPool::give_inflater(std::unique_ptr<Inflater> inflater) noexcept {
  if (spare_.size() >= kMostSpare) return;
  inflater->reset();
  if (spare_.capacity() == 0) spare_.reserve(kMostSpare);
  spare_.push_back(std::move(inflater));
}

Deflater& CodecPool::deflater(int window_bits) {
  std::unique_ptr<Deflater>& deflater = deflaters_[static_cast<std::size_t>(window_bits)];
  if (!deflater) {
    deflater = std::make_unique<Deflater>(window_bits);
  } else {
    deflater->reset();
  }
  return *deflater;
}

}  // namespace flare::ws
