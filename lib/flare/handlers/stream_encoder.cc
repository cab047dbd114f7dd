#include "flare/handlers/stream_encoder.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

namespace flare::handlers {
namespace {

constexpr int kGzipLevel = 4;
constexpr int kBrotliQuality = 4;
constexpr int kZstdLevel = 3;
constexpr int kWindow = 17;                 // bits, of brotli and zstd: what bounds the memory of a stream
constexpr std::size_t kAtOnce = 16 * 1024;  // bytes of output
constexpr std::size_t kSpare = 4;           // compressors of a kind that a thread keeps

[[noreturn]] void give_up(std::string_view coding) {
  throw CompressionError(std::string(coding) + ": the library could not compress a piece of a content");
}

class GzipStream final : public StreamEncoder {
 public:
  GzipStream() {
    constexpr int kGzipFormat = 16;
    if (::deflateInit2(&stream_, kGzipLevel, Z_DEFLATED, kGzipFormat + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      throw CompressionError("gzip: no memory for a compressor");
  }
  ~GzipStream() override { ::deflateEnd(&stream_); }

  void write(std::string_view piece, std::string& out) override { run(piece, Z_SYNC_FLUSH, out); }
  void finish(std::string& out) override { run({}, Z_FINISH, out); }
  void reset() { ::deflateReset(&stream_); }

 private:
  void run(std::string_view in, int flush, std::string& out) {
    if (in.size() > std::numeric_limits<uInt>::max()) give_up("gzip");
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));  // it only reads
    stream_.avail_in = static_cast<uInt>(in.size());
    std::array<char, kAtOnce> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    int state = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream_.avail_out = static_cast<uInt>(buffer.size());
      state = ::deflate(&stream_, flush);
      if (state == Z_STREAM_ERROR) give_up("gzip");
      out.append(buffer.data(), buffer.size() - stream_.avail_out);
    } while (stream_.avail_out == 0 || (flush == Z_FINISH && state != Z_STREAM_END));
  }

  z_stream stream_{};
};

class ZstdStream final : public StreamEncoder {
 public:
  ZstdStream() : context_(::ZSTD_createCCtx()) {
    if (!context_) throw CompressionError("zstd: no memory for a compressor");
    ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    ::ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, kWindow);
  }

  void write(std::string_view piece, std::string& out) override { run(piece, ZSTD_e_flush, out); }
  void finish(std::string& out) override { run({}, ZSTD_e_end, out); }
  void reset() { ::ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only); }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const noexcept { ::ZSTD_freeCCtx(context); }
  };

  void run(std::string_view piece, ZSTD_EndDirective directive, std::string& out) {
    ZSTD_inBuffer in{.src = piece.data(), .size = piece.size(), .pos = 0};
    std::array<char, kAtOnce> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
    std::size_t left = 0;
    do {
      ZSTD_outBuffer room{.dst = buffer.data(), .size = buffer.size(), .pos = 0};
      left = ::ZSTD_compressStream2(context_.get(), &room, &in, directive);
      if (::ZSTD_isError(left) != 0) give_up("zstd");
      out.append(buffer.data(), room.pos);
    } while (left != 0 || in.pos != in.size);
  }

  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

class BrotliStream final : public StreamEncoder {
 public:
  BrotliStream() : state_(::BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
    if (!state_) throw CompressionError("br: no memory for a compressor");
    ::BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_QUALITY, kBrotliQuality);
    ::BrotliEncoderSetParameter(state_.get(), BROTLI_PARAM_LGWIN, kWindow);
  }

  void write(std::string_view piece, std::string& out) override { run(piece, BROTLI_OPERATION_FLUSH, out); }
  void finish(std::string& out) override { run({}, BROTLI_OPERATION_FINISH, out); }

 private:
  struct Free {
    void operator()(BrotliEncoderState* state) const noexcept { ::BrotliEncoderDestroyInstance(state); }
  };

  void run(std::string_view piece, BrotliEncoderOperation operation, std::string& out) {
    std::size_t in_left = piece.size();
    const auto* in = reinterpret_cast<const std::uint8_t*>(piece.data());
    do {
      std::size_t no_room = 0;  // it hands out its own buffer below
      std::uint8_t* nowhere = nullptr;
      if (!::BrotliEncoderCompressStream(state_.get(), operation, &in_left, &in, &no_room, &nowhere, nullptr))
        give_up("br");
      std::size_t size = 0;
      const std::uint8_t* const made = ::BrotliEncoderTakeOutput(state_.get(), &size);
      out.append(reinterpret_cast<const char*>(made), size);
    } while (in_left != 0 || ::BrotliEncoderHasMoreOutput(state_.get()));
  }

  std::unique_ptr<BrotliEncoderState, Free> state_;
};

template <class Stream>
std::vector<std::unique_ptr<Stream>>& spare() {
  thread_local std::vector<std::unique_ptr<Stream>> streams;
  return streams;
}

template <class Stream>
std::shared_ptr<StreamEncoder> reused() {
  const auto give_back = [](Stream* stream) {
    std::unique_ptr<Stream> owned(stream);
    auto& streams = spare<Stream>();
    if (streams.size() < kSpare) streams.push_back(std::move(owned));
  };
  auto& streams = spare<Stream>();
  if (streams.empty()) return {new Stream, give_back};
  std::unique_ptr<Stream> stream = std::move(streams.back());
  streams.pop_back();
  stream->reset();
  return {stream.release(), give_back};
}

}  // namespace

std::shared_ptr<StreamEncoder> make_stream_encoder(http::ContentCoding coding) {
  switch (coding) {
    case http::ContentCoding::kZstd: return reused<ZstdStream>();
    case http::ContentCoding::kGzip: return reused<GzipStream>();
    case http::ContentCoding::kBrotli: break;
  }
  return std::make_shared<BrotliStream>();
}

}  // namespace flare::handlers
