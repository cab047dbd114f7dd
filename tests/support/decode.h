// The other end of each content coding, by the libraries' own decoders.
#pragma once

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "flare/http/content_coding.h"

namespace flare {

/// What can be read of `bytes`, whole or cut; `complete` where its end was there and nothing behind it.
struct Decoded {
  std::string text;
  bool complete = false;
};

inline Decoded gunzip(std::string_view bytes) {
  z_stream stream{};
  ::inflateInit2(&stream, 31);
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  Decoded out;
  int state = Z_OK;
  std::array<char, 4096> buffer{};
  do {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    state = ::inflate(&stream, Z_SYNC_FLUSH);
    out.text.append(buffer.data(), buffer.size() - stream.avail_out);
  } while (state == Z_OK && (stream.avail_in != 0 || stream.avail_out == 0));
  out.complete = state == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  return out;
}

inline Decoded unbrotli(std::string_view bytes) {
  BrotliDecoderState* const state = ::BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  const auto* in = reinterpret_cast<const std::uint8_t*>(bytes.data());
  std::size_t left = bytes.size();
  Decoded out;
  BrotliDecoderResult result = BROTLI_DECODER_RESULT_ERROR;
  do {
    std::size_t none = 0;
    result = ::BrotliDecoderDecompressStream(state, &left, &in, &none, nullptr, nullptr);
    std::size_t size = 0;
    const std::uint8_t* const made = ::BrotliDecoderTakeOutput(state, &size);
    out.text.append(reinterpret_cast<const char*>(made), size);
  } while (result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT);
  out.complete = result == BROTLI_DECODER_RESULT_SUCCESS && left == 0;
  ::BrotliDecoderDestroyInstance(state);
  return out;
}

inline Decoded unzstd(std::string_view bytes) {
  ZSTD_DCtx* const context = ::ZSTD_createDCtx();
  ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
  std::array<char, 4096> buffer{};
  Decoded out;
  std::size_t hint = 1;
  bool full = true;
  while (hint != 0 && (in.pos != in.size || full)) {
    ZSTD_outBuffer room{.dst = buffer.data(), .size = buffer.size(), .pos = 0};
    hint = ::ZSTD_decompressStream(context, &room, &in);
    if (::ZSTD_isError(hint) != 0) break;
    out.text.append(buffer.data(), room.pos);
    full = room.pos == room.size;
  }
  out.complete = hint == 0 && in.pos == in.size;
  ::ZSTD_freeDCtx(context);
  return out;
}

inline Decoded decode(http::ContentCoding coding, std::string_view bytes) {
  switch (coding) {
    case http::ContentCoding::kZstd: return unzstd(bytes);
    case http::ContentCoding::kBrotli: return unbrotli(bytes);
    case http::ContentCoding::kGzip: return gunzip(bytes);
  }
  return {};
}

}  // namespace flare
