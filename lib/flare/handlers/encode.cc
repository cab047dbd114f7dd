#include "flare/handlers/encode.h"

#include <brotli/encode.h>
#include <isa-l/igzip_lib.h>
#include <libdeflate.h>
#include <zstd.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace flare::handlers {
namespace {

// Chosen by measurement: 10 KiB of JSON take zlib's level 1 36 us and more, libdeflate's level 1 21 us for 0.95 of that
// size, ISA-L's level 2 16 us for 0.98 of it (on prose and scripts half of libdeflate's time), brotli 4 100 us, zstd 3
// 19 us.
constexpr int kGzipOnce = 1;  // of libdeflate
constexpr int kGzipKept = 6;
constexpr int kBrotliOnce = 4;
constexpr int kBrotliKept = 6;
constexpr int kZstdOnce = 3;
constexpr int kZstdKept = 9;
constexpr int kBrotliWindow = 18;  // bits

std::uint8_t* bytes_of(char* text) noexcept { return reinterpret_cast<std::uint8_t*>(text); }
const std::uint8_t* bytes_of(const char* text) noexcept { return reinterpret_cast<const std::uint8_t*>(text); }

/// libdeflate's compressors are bound to a level.
template <int kLevel>
class Deflate {
 public:
  Deflate() : compressor_(::libdeflate_alloc_compressor(kLevel)) {
    if (!compressor_) throw CompressionError("gzip: no memory for a compressor");
  }
  std::size_t run(std::string_view in, std::span<char> out) {
    return ::libdeflate_gzip_compress(compressor_.get(), in.data(), in.size(), out.data(), out.size());
  }

 private:
  struct Free {
    void operator()(libdeflate_compressor* compressor) const noexcept { ::libdeflate_free_compressor(compressor); }
  };
  std::unique_ptr<libdeflate_compressor, Free> compressor_;
};

#if defined(__x86_64__)
/// ISA-L, written for x86: the fastest that is not larger than zlib's level 1. Of contents below 2 KiB it makes more
/// bytes than that; there libdeflate is smaller and takes a few microseconds.
class FastGzip {
 public:
  std::size_t run(std::string_view in, std::span<char> out) {
    ::isal_deflate_stateless_init(&stream_);
    stream_.level = kLevel;
    stream_.level_buf = buffer_.data();
    stream_.level_buf_size = static_cast<std::uint32_t>(buffer_.size());
    stream_.gzip_flag = IGZIP_GZIP;
    stream_.end_of_stream = 1;
    stream_.next_in = const_cast<std::uint8_t*>(bytes_of(in.data()));  // it only reads
    stream_.avail_in = static_cast<std::uint32_t>(in.size());
    stream_.next_out = bytes_of(out.data());
    stream_.avail_out = static_cast<std::uint32_t>(out.size());
    return ::isal_deflate_stateless(&stream_) == COMP_OK ? stream_.total_out : 0;
  }

 private:
  static constexpr std::uint32_t kLevel = 2;
  isal_zstream stream_{};
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(ISAL_DEF_LVL2_SMALL);
};
constexpr std::size_t kSmallGzip = 2 * 1024;
#else
class FastGzip : public Deflate<kGzipOnce> {};
constexpr std::size_t kSmallGzip = 0;
#endif

class Zstd {
 public:
  Zstd() : context_(::ZSTD_createCCtx()) {
    if (!context_) throw CompressionError("zstd: no memory for a compressor");
  }
  std::size_t run(std::string_view in, std::span<char> out, int level) {
    const std::size_t size = ::ZSTD_compressCCtx(context_.get(), out.data(), out.size(), in.data(), in.size(), level);
    return ::ZSTD_isError(size) != 0 ? 0 : size;
  }

 private:
  struct Free {
    void operator()(ZSTD_CCtx* context) const noexcept { ::ZSTD_freeCCtx(context); }
  };
  std::unique_ptr<ZSTD_CCtx, Free> context_;
};

std::size_t run_brotli(std::string_view in, std::span<char> out, int quality) {
  std::size_t size = out.size();
  const auto done = ::BrotliEncoderCompress(quality, kBrotliWindow, BROTLI_MODE_TEXT, in.size(), bytes_of(in.data()),
                                            &size, bytes_of(out.data()));
  return done == BROTLI_TRUE ? size : 0;
}

template <class Tool>
Tool& of_this_thread() {
  thread_local Tool tool;
  return tool;
}

/// Room for `size` bytes that do not compress, in any coding; the thread's, until the next call.
std::span<char> scratch(std::size_t size) {
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  thread_local Block block;
  const std::size_t bound = size + size / 64 + 1024;
  if (block.size < bound) block = {std::make_unique_for_overwrite<char[]>(bound), bound};
  return {block.bytes.get(), block.size};
}

std::size_t run(http::ContentCoding coding, std::string_view in, std::span<char> out, Effort effort) {
  const bool kept = effort == Effort::kKept;
  switch (coding) {
    case http::ContentCoding::kZstd: return of_this_thread<Zstd>().run(in, out, kept ? kZstdKept : kZstdOnce);
    case http::ContentCoding::kBrotli: return run_brotli(in, out, kept ? kBrotliKept : kBrotliOnce);
    case http::ContentCoding::kGzip:
      if (kept) return of_this_thread<Deflate<kGzipKept>>().run(in, out);
      return in.size() > kSmallGzip ? of_this_thread<FastGzip>().run(in, out)
                                    : of_this_thread<Deflate<kGzipOnce>>().run(in, out);
  }
  return 0;
}

}  // namespace

std::string encode(http::ContentCoding coding, std::string_view bytes, Effort effort) {
  const std::span<char> out = scratch(bytes.size());
  const std::size_t size = run(coding, bytes, out, effort);
  if (size == 0) throw CompressionError(std::string(to_string(coding)) + ": the library could not compress a content");
  return {out.data(), size};
}

}  // namespace flare::handlers
