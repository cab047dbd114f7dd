// Sending one answer at the reader's pace, under bounds that do not depend on its size.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <limits>
#include <string>
#include <string_view>

#include "flare/http/bandwidth.h"
#include "flare/http/body.h"
#include "flare/http/chunked.h"
#include "flare/http/limits.h"
#include "flare/http/response_head.h"
#include "flare/http/transfer_pace.h"
#include "flare/io/byte_stream.h"
#include "flare/io/page_cache.h"
#include "flare/io/pieces.h"
#include "flare/io/pipe.h"
#include "flare/runtime/eventual.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"

namespace flare::http {

/// Lives in the frame that sends. Everything it refers to outlives it. Errors: kTimeout with kWriteIdle or kMinRate,
/// kProtocol with the reason why the content is not what the head promised, kClientClosed otherwise.
template <io::ByteStream Stream>
class ResponseWriter {
 public:
  ResponseWriter(Stream& stream, runtime::Worker& worker, const Limits& limits) noexcept
      : stream_(stream),
        worker_(worker),
        limits_(limits),
        pace_(limits.min_rate, limits.write_idle),
        bandwidth_(limits.bandwidth) {}

  runtime::Eventual<Result<void>> send(io::Pieces pieces);
  /// Head and content; `gone` tells a source that its reader has left.
  runtime::Task<Result<void>> send(std::string_view head, const Body& body, BodyFraming framing,
                                   runtime::Cancellation& gone);
  /// Bytes given to the kernel so far.
  [[nodiscard]] std::uint64_t sent() const noexcept { return sent_; }
  /// What a source threw, for the error log; "" where it threw nothing.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

 private:
  static constexpr std::uint64_t kFileBytesPerTurn = 256 * 1024;  // F-20
  static constexpr std::uint64_t kWarmedAtOnce = 1024 * 1024;     ///< so far ahead a look for what is on the disk only

  struct CancelSource final : runtime::Cancellation::Listener {
    CancelSource(runtime::Cancellation& gone, BodySource& pulled) noexcept : Listener(gone), source(pulled) {}
    void on_cancel() override { source.cancel(); }
    BodySource& source;
  };

  Result<void> try_send(io::Pieces& pieces);
  runtime::Task<Result<void>> send_rest(io::Pieces pieces);
  runtime::Task<Result<void>> send_file(std::string_view head, const FileRange& range);
  runtime::Task<Result<void>> send_shares(std::string_view head, std::string_view bytes);
  runtime::Task<void> warm(const FileRange& range, std::uint64_t offset, std::uint64_t length);
  runtime::Task<Result<void>> send_source(std::string_view head, BodySource& source, BodyFraming framing,
                                          runtime::Cancellation& gone);
  [[gnu::noinline]] runtime::Task<Result<void>> splice_source(std::string_view head, BodySource& source,
                                                              std::uint64_t& left);
  runtime::Task<Result<void>> send_pipe(int pipe, std::size_t bytes);
  runtime::Task<Result<std::string_view>> pull(BodySource& source);
  runtime::Task<Result<void>> wait_writable();
  /// Tells the pace what the peer has acknowledged since the last look; false: nothing.
  bool acknowledged_more() noexcept;

  Stream& stream_;
  runtime::Worker& worker_;
  const Limits& limits_;
  TransferPace pace_;
  Bandwidth bandwidth_;
  std::uint64_t sent_ = 0;
  std::uint64_t sent_seen_ = 0;    ///< sent_ at the last look at the kernel's queue
  std::uint64_t queued_seen_ = 0;  ///< bytes in that queue then
  bool looked_ = false;
  std::string failure_;
};

template <io::ByteStream Stream>
runtime::Eventual<Result<void>> ResponseWriter<Stream>::send(io::Pieces pieces) {
  auto out = try_send(pieces);
  if (out || out.error().kind != ErrorKind::kWouldBlock) return out;
  return send_rest(pieces);
}

/// What is left in `pieces` did not fit (kWouldBlock).
template <io::ByteStream Stream>
Result<void> ResponseWriter<Stream>::try_send(io::Pieces& pieces) {
  while (!pieces.empty()) {
    const auto count = stream_.try_writev(pieces.vectors());
    if (!count && count.error().kind == ErrorKind::kWouldBlock) return std::unexpected(count.error());
    if (!count) return fail(count.error().kind, Reason::kClientClosed);
    sent_ += *count;
    pieces.consume(*count);
  }
  return {};
}

template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::send_rest(io::Pieces pieces) {
  for (;;) {
    auto ready = co_await wait_writable();
    if (!ready) co_return ready;
    const auto out = try_send(pieces);
    if (out || out.error().kind != ErrorKind::kWouldBlock) co_return out;
  }
}

template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::send(std::string_view head, const Body& body, BodyFraming framing,
                                                         runtime::Cancellation& gone) {
  if (BodySource* const source = body.source()) co_return co_await send_source(head, *source, framing, gone);
  const FileRange* const file = body.file();
  if (file != nullptr && file->length != 0) co_return co_await send_file(head, *file);
  if (bandwidth_.is_limited()) co_return co_await send_shares(head, body.bytes());
  co_return co_await send({head, body.bytes()});
}

/// Content in memory, no faster than limits.bandwidth.
template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::send_shares(std::string_view head, std::string_view bytes) {
  for (;;) {
    const std::string_view share = bytes.substr(0, bandwidth_.share());
    auto out = co_await send({head, share});
    if (!out) co_return out;
    head = {};
    bytes.remove_prefix(share.size());
    if (bytes.empty()) co_return out;
    bandwidth_.sent(share.size(), worker_.now());
    co_await worker_.sleep(bandwidth_.wait(worker_.now()));
  }
}

/// Has that part read from the disk, elsewhere, if it has to be.
template <io::ByteStream Stream>
runtime::Task<void> ResponseWriter<Stream>::warm(const FileRange& range, std::uint64_t offset, std::uint64_t length) {
  runtime::OffloadPool* const pool = worker_.offload_pool();
  if (pool == nullptr) co_return;
  // The kernel reads ahead of what it has just sent: after the first part only the end of each is in doubt.
  const std::uint64_t doubtful = offset == range.offset ? offset : offset + length - 1;
  if (io::is_resident(range.file.get(), doubtful, offset + length - doubtful)) co_return;
  auto read = [file = range.file, offset, length] {  // owns a share of the file: it may outlive this frame
    io::make_resident(file.get(), offset, length);
    return true;
  };
  co_await runtime::offload(worker_, *pool, std::move(read));
}

template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::send_file(std::string_view head, const FileRange& range) {
  // Each turn would end in a part of a segment, and wake the reader for it.
  const bool corked = range.length > kFileBytesPerTurn && !bandwidth_.is_limited();
  if (corked) stream_.set_cork(true);
  while (!head.empty()) {
    const auto count = stream_.try_write(head, io::Ahead::kMore);
    if (count) {
      sent_ += *count;
      head.remove_prefix(*count);
    } else if (count.error().kind != ErrorKind::kWouldBlock) {
      co_return fail(count.error().kind, Reason::kClientClosed);
    } else if (auto ready = co_await wait_writable(); !ready) {
      co_return ready;
    }
  }
  std::uint64_t offset = range.offset;
  const std::uint64_t end = range.offset + range.length;
  std::uint64_t warmed = range.offset;
  while (offset < end) {
    const std::uint64_t most = std::min({end - offset, kFileBytesPerTurn, bandwidth_.share()});
    if (range.cold && offset >= warmed) {
      warmed = std::min(end, offset + kWarmedAtOnce);
      co_await warm(range, offset, warmed - offset);
    }
    const auto count = stream_.try_send_file(range.file.get(), offset, most);
    if (count) {
      if (*count == 0) co_return fail(ErrorKind::kProtocol, Reason::kFileTruncated);  // F-19
      sent_ += *count;
      if (offset == end) break;
      bandwidth_.sent(*count, worker_.now());
      if (bandwidth_.is_limited()) {
        co_await worker_.sleep(bandwidth_.wait(worker_.now()));
      } else {
        co_await worker_.yield();
      }
    } else if (count.error().kind == ErrorKind::kSystem) {  // the disk, not the client
      co_return fail(ErrorKind::kProtocol, Reason::kContentFailed);
    } else if (count.error().kind != ErrorKind::kWouldBlock) {
      co_return fail(count.error().kind, Reason::kClientClosed);
    } else if (auto ready = co_await wait_writable(); !ready) {
      co_return ready;
    }
  }
  if (corked) stream_.set_cork(false);
  co_return Result<void>();
}

/// A piece leaves as soon as it is there; the next one is asked for when it has left.
template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::send_source(std::string_view head, BodySource& source,
                                                                BodyFraming framing, runtime::Cancellation& gone) {
  if (gone.is_cancelled()) co_return fail(ErrorKind::kClosed, Reason::kClientClosed);  // before anyone listened
  const CancelSource listener(gone, source);
  const bool chunked = framing == BodyFraming::kChunked;
  const auto size = source.size();
  std::uint64_t left = size.value_or(std::numeric_limits<std::uint64_t>::max());
  if (!source.is_ready()) {
    auto begun = co_await send({head});
    if (!begun) co_return begun;
    head = {};
  }
  if (size && source.can_splice() && !bandwidth_.is_limited()) {
    auto spliced = co_await splice_source(head, source, left);
    if (!spliced) co_return spliced;
    head = {};
  }
  for (;;) {
    const auto piece = co_await pull(source);
    if (!piece && gone.is_cancelled()) co_return fail(ErrorKind::kClosed, Reason::kClientClosed);
    if (!piece || piece->size() > left) co_return fail(ErrorKind::kProtocol, Reason::kContentFailed);
    if (piece->empty()) break;
    left -= piece->size();
    std::array<char, kMaxChunkHead> line;
    auto out = co_await send({head, chunked ? chunk_head(piece->size(), line) : std::string_view(), *piece,
                              chunked ? kChunkEnd : std::string_view()});
    if (!out) co_return out;
    head = {};
    bandwidth_.sent(piece->size(), worker_.now());
    if (bandwidth_.is_limited()) co_await worker_.sleep(bandwidth_.wait(worker_.now()));
  }
  if (size && left != 0) co_return fail(ErrorKind::kProtocol, Reason::kContentFailed);
  if (!chunked) co_return co_await send({head});
  const std::span<const Field> trailers = source.trailers();
  if (trailers.empty()) co_return co_await send({head, kLastChunk});
  const std::string end = last_chunk(trailers);
  co_return co_await send({head, end});
}

/// As much as the source gives away without looking at it; `left` is what of it is still to come, then.
template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::splice_source(std::string_view head, BodySource& source,
                                                                  std::uint64_t& left) {
  if constexpr (requires { stream_.try_splice_from(0, std::size_t{0}, io::Ahead::kMore); }) {
    auto pipe = io::borrow_pipe();
    while (pipe) {
      const auto first = co_await source.next_into(pipe->write_end.get());
      if (!first) co_return fail(ErrorKind::kProtocol, Reason::kContentFailed);
      if (*first == 0) {
        // What lies in memory leaves first, and then there may be more to give away.
        if (!source.is_ready()) break;
        const auto piece = co_await pull(source);
        if (!piece || piece->empty() || piece->size() > left)
          co_return fail(ErrorKind::kProtocol, Reason::kContentFailed);
        left -= piece->size();
        auto out = co_await send({head, *piece});
        if (!out) co_return out;
        head = {};
        continue;
      }
      if (!head.empty()) {
        auto out = co_await send({head});
        if (!out) co_return out;
        head = {};
      }
      auto out = co_await send_pipe(pipe->read_end.get(), *first);
      if (!out) co_return out;
      left -= *first;
    }
    if (pipe) io::give_back_pipe(std::move(*pipe));
  }
  if (head.empty()) co_return Result<void>();
  co_return co_await send({head});
}

template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::send_pipe(int pipe, std::size_t bytes) {
  if constexpr (requires { stream_.try_splice_from(0, std::size_t{0}, io::Ahead::kMore); }) {
    while (bytes != 0) {
      const auto count = stream_.try_splice_from(pipe, bytes, io::Ahead::kUnknown);
      if (count) {
        sent_ += *count;
        bytes -= *count;
      } else if (count.error().kind != ErrorKind::kWouldBlock) {
        co_return fail(count.error().kind, Reason::kClientClosed);
      } else if (auto ready = co_await wait_writable(); !ready) {
        co_return ready;
      }
    }
  }
  co_return Result<void>();
}

template <io::ByteStream Stream>
runtime::Task<Result<std::string_view>> ResponseWriter<Stream>::pull(BodySource& source) {
  try {
    co_return co_await source.next();
  } catch (const std::exception& exception) {
    failure_ = exception.what();
  }
  co_return fail(ErrorKind::kProtocol, Reason::kContentFailed);
}

/// Waits for room. The kernel offers none while most of its buffer is full, so a slow reader is judged by what it has
/// acknowledged.
template <io::ByteStream Stream>
runtime::Task<Result<void>> ResponseWriter<Stream>::wait_writable() {
  static_cast<void>(acknowledged_more());
  for (;;) {
    const auto since = worker_.now();
    stream_.set_write_deadline(since + std::min(limits_.write_idle, pace_.left()));
    const auto ready = co_await stream_.writable();
    pace_.waited(worker_.now() - since);
    if (ready) co_return Result<void>();
    if (ready.error().kind != ErrorKind::kTimeout) co_return fail(ready.error().kind, Reason::kClientClosed);
    const bool moves = acknowledged_more();
    if (pace_.left().count() == 0) co_return fail(ErrorKind::kTimeout, Reason::kMinRate);
    if (!moves) co_return fail(ErrorKind::kTimeout, Reason::kWriteIdle);
  }
}

template <io::ByteStream Stream>
bool ResponseWriter<Stream>::acknowledged_more() noexcept {
  const std::uint64_t queued = stream_.unacknowledged();
  const std::uint64_t before = queued_seen_ + (sent_ - sent_seen_);
  const std::uint64_t acknowledged = looked_ && before > queued ? before - queued : 0;
  looked_ = true;
  queued_seen_ = queued;
  sent_seen_ = sent_;
  pace_.moved(acknowledged);
  return acknowledged != 0;
}

}  // namespace flare::http
