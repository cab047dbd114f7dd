// The client's side of an HTTP/1.1 connection: one exchange after the other, over any transport (RFC 9112).
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "flare/http/chunked.h"
#include "flare/http/content.h"
#include "flare/http/content_reader.h"
#include "flare/http/response_head_parser.h"
#include "flare/io/buffer_pool.h"
#include "flare/io/pieces.h"
#include "flare/io/pipe.h"
#include "flare/io/reusable_stream.h"
#include "flare/runtime/eventual.h"
#include "flare/runtime/task.h"
#include "flare/runtime/worker.h"

namespace flare::http {

struct ClientLimits {
  ResponseHeadLimits head;                       ///< header_bytes: of all heads of one exchange together
  std::chrono::milliseconds first_byte{30'000};  ///< from the request's end, or an interim head, to the next head's end
  std::chrono::milliseconds body_idle{60'000};   ///< between two reads of content
  std::chrono::milliseconds write_idle{30'000};  ///< between two writes that move bytes
};

/// An exchange is begin(), send() of a head, perhaps content, receive_head() until one is not interim, next() until it
/// is empty, finish(). Input lies in a buffer that is borrowed from `buffers` while there is any; an exchange allocates
/// nothing once a connection has seen as many fields before. One coroutine may send while another receives: until the
/// content has left, the server may be silent for as long as it takes what it is sent. Belongs to one worker. Errors
/// have ErrorSource::kUpstream: kProtocol with a reason; kTimeout with kWriteIdle, kUpstreamFirstByte or kUpstreamIdle;
/// kUpstreamClosed where the connection ended too early, in whatever way; kCancelled.
template <io::ReusableStream Stream>
class ClientConnection {
 public:
  /// The stream is made here, connected. `buffers`, of at least head.header_bytes each, outlive the connection.
  template <class... StreamArgs>
  ClientConnection(runtime::Worker& worker, io::BufferPool& buffers, StreamArgs&&... stream)
      : worker_(worker), buffers_(buffers), stream_(std::forward<StreamArgs>(stream)...) {}
  ClientConnection(const ClientConnection&) = delete;
  ClientConnection& operator=(const ClientConnection&) = delete;

  /// A new exchange, for a request of `method`. The connection is new, or finish() said yes.
  void begin(Method method, const ClientLimits& limits) noexcept;
  /// All of the pieces: a head, or a head with content that is at hand, or raw bytes after 101. Its error need not be
  /// the last word: the server may have answered before it closed, which receive_head() tells.
  runtime::Eventual<Result<void>> send(io::Pieces pieces);
  /// All of the content, as its head said it would be framed. What content.next() itself fails with is given back as it
  /// is.
  runtime::Task<Result<void>> send_content(ContentSource& content, BodyFraming framing);
  /// The content is wanted no more: a send that waits for the server ends with kCancelled, before this returns.
  void interrupt_send() noexcept { stream_.interrupt_write(); }

  /// The next head, interim ones (RFC 9110 §15.2) included. Its views live until the next receive_head() or next().
  runtime::Task<Result<const ResponseHead*>> receive_head();
  /// The next piece of content, as soon as there is one; it lives until the next call. Empty: the content is complete.
  runtime::Task<Result<std::string_view>> next();
  /// The same where there is one before `due`; kWouldBlock where there is not, and next() goes on. Not while content is
  /// sent.
  runtime::Task<Result<std::string_view>> next_before(runtime::TimePoint due);
  /// Instead of next(), where nobody has to look at the content and much of it is to come: some of it, straight into a
  /// pipe that is empty. 0: it is for next() to go on.
  runtime::Task<Result<std::size_t>> next_into(int pipe);
  /// The same without waiting, of what has been received already: kWouldBlock where there is no more of it.
  Result<std::string_view> try_next();
  /// The content's end has been received, with the last piece where they came together.
  [[nodiscard]] bool is_complete() const noexcept { return has_head_ && reader_.done(); }
  /// Bytes of content still to come, where they are known.
  [[nodiscard]] std::optional<std::uint64_t> remaining() const noexcept { return reader_.remaining(); }
  /// Once next() has given the end: the fields of the trailer section (RFC 9112 §7.1.2), until finish().
  [[nodiscard]] std::span<const Field> trailers() const noexcept { return trailers_; }
  /// Content that is_complete() has a trailer section.
  [[nodiscard]] bool has_trailers() const noexcept { return trailer_section_.size() > 2; }
  /// What was received behind the last head or the content's end: after 101 the first bytes of the new protocol.
  [[nodiscard]] std::string_view surplus() const noexcept { return buffered(); }

  /// Anything of an answer has arrived. False after an error on a connection that was used before: it had been closed
  /// by then, and the request may be sent again where RFC 9110 §9.2.2 allows that.
  [[nodiscard]] bool answer_begun() const noexcept { return answer_begun_; }
  /// Ends the exchange, gives the buffer back. True: the connection may be used again (RFC 9112 §9.3), since the whole
  /// request was sent, the whole response and nothing else received, and either side wants it to last.
  bool finish() noexcept;

  /// Ends whatever waits, and all that follows, with kCancelled.
  void cancel() noexcept {
    broken_ = true;
    stream_.cancel();
  }
  [[nodiscard]] Stream& stream() noexcept { return stream_; }

 private:
  static constexpr std::uint64_t kWorthAPipe = 64 * 1024;  ///< of content that is still to come

  [[nodiscard]] std::string_view buffered() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }
  Result<void> fill();
  Result<bool> take_head();
  Result<void> end_trailers();
  void skip_framing();
  Result<void> try_send(io::Pieces& pieces);
  runtime::Task<Result<void>> send_rest(io::Pieces pieces);
  runtime::Task<Result<void>> send_pieces(ContentSource& content, bool chunked);
  void wait_for_answer() noexcept;
  Result<void> receive_more(Result<void> ready);
  std::unexpected<Error> failed(Error error, Reason timeout) noexcept;
  std::unexpected<Error> refused(Reason reason) noexcept { return failed(Error::of(ErrorKind::kProtocol, reason), {}); }

  runtime::Worker& worker_;
  io::BufferPool& buffers_;
  Stream stream_;
  ClientLimits limits_;
  io::BufferPool::Lease buffer_;
  std::size_t begin_ = 0;  ///< of what is not dealt with yet, in buffer_
  std::size_t end_ = 0;
  std::size_t scanned_ = 0;  ///< so much of it is no whole head
  std::size_t head_bytes_ = 0;
  ResponseHead head_;
  ContentReader reader_;
  std::string trailer_section_;
  std::vector<Field> trailers_;
  Method method_ = Method::kGet;
  bool has_head_ = false;  ///< the final one
  bool answer_begun_ = false;
  bool sending_ = false;  ///< content, beside whoever receives
  bool broken_ = false;   ///< never again
  runtime::TimePoint head_due_{};
};

template <io::ReusableStream Stream>
void ClientConnection<Stream>::begin(Method method, const ClientLimits& limits) noexcept {
  method_ = method;
  limits_ = limits;
  head_bytes_ = 0;
  reader_ = {};
  has_head_ = false;
  answer_begun_ = false;
}

template <io::ReusableStream Stream>
bool ClientConnection<Stream>::finish() noexcept {
  const bool reusable = !broken_ && is_complete() && head_.keep_alive && begin_ == end_;
  broken_ = !reusable;
  buffer_.reset();
  begin_ = end_ = scanned_ = 0;
  trailers_.clear();
  trailer_section_.clear();
  stream_.clear_deadline();
  return reusable;
}

template <io::ReusableStream Stream>
std::unexpected<Error> ClientConnection<Stream>::failed(Error error, Reason timeout) noexcept {
  broken_ = true;
  error.source = ErrorSource::kUpstream;
  if (error.reason == Reason::kNone) {
    if (error.kind == ErrorKind::kTimeout) error.reason = timeout;
    if (error.kind == ErrorKind::kClosed || error.kind == ErrorKind::kConnectionReset ||
        error.kind == ErrorKind::kBrokenPipe)
      error.reason = Reason::kUpstreamClosed;
  }
  return std::unexpected(error);
}

// ---- the request

template <io::ReusableStream Stream>
runtime::Eventual<Result<void>> ClientConnection<Stream>::send(io::Pieces pieces) {
  auto sent = try_send(pieces);
  if (sent || sent.error().kind != ErrorKind::kWouldBlock) return sent;
  return send_rest(pieces);
}

/// What is left in `pieces` did not fit (kWouldBlock).
template <io::ReusableStream Stream>
Result<void> ClientConnection<Stream>::try_send(io::Pieces& pieces) {
  while (!pieces.empty()) {
    const auto vectors = pieces.vectors();
    const iovec& front = vectors.front();
    const auto count = vectors.size() == 1
                           ? stream_.try_write({static_cast<const char*>(front.iov_base), front.iov_len})
                           : stream_.try_writev(vectors);
    if (!count && count.error().kind == ErrorKind::kWouldBlock) return std::unexpected(count.error());
    if (!count) return failed(count.error(), Reason::kWriteIdle);
    pieces.consume(*count);
  }
  return {};
}

template <io::ReusableStream Stream>
runtime::Task<Result<void>> ClientConnection<Stream>::send_rest(io::Pieces pieces) {
  for (;;) {
    stream_.set_write_deadline(worker_.now() + limits_.write_idle);
    const auto ready = co_await stream_.writable();
    if (!ready) co_return failed(ready.error(), Reason::kWriteIdle);
    const auto sent = try_send(pieces);
    if (sent || sent.error().kind != ErrorKind::kWouldBlock) co_return sent;
  }
}

template <io::ReusableStream Stream>
runtime::Task<Result<void>> ClientConnection<Stream>::send_content(ContentSource& content, BodyFraming framing) {
  sending_ = true;
  auto sent = co_await send_pieces(content, framing == BodyFraming::kChunked);
  sending_ = false;
  broken_ = broken_ || !sent;  // the rest of it is missing
  head_due_ = worker_.now() + limits_.first_byte;
  wait_for_answer();
  co_return sent;
}

template <io::ReusableStream Stream>
runtime::Task<Result<void>> ClientConnection<Stream>::send_pieces(ContentSource& content, bool chunked) {
  for (;;) {
    const auto piece = co_await content.next();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->empty()) break;
    std::array<char, kMaxChunkHead> line;
    const std::string_view chunk = chunked ? chunk_head(piece->size(), line) : std::string_view();
    const io::Pieces pieces(chunk, *piece, chunked ? kChunkEnd : std::string_view());
    auto sent = co_await send(pieces);
    if (!sent) co_return sent;
  }
  if (!chunked) co_return Result<void>();
  const std::string with_trailers = content.trailers().empty() ? std::string() : last_chunk(content.trailers());
  const io::Pieces last(with_trailers.empty() ? kLastChunk : std::string_view(with_trailers));
  auto sent = co_await send(last);
  co_return sent;
}

// ---- the response

/// How long, from now on. A server whose request is still on its way may take its time: whoever sends is waited for.
template <io::ReusableStream Stream>
void ClientConnection<Stream>::wait_for_answer() noexcept {
  if (sending_) return stream_.set_read_deadline(runtime::TimePoint::max());
  stream_.set_read_deadline(has_head_ ? worker_.now() + limits_.body_idle : head_due_);
}

/// One read, behind what is buffered. Without anything buffered nothing is borrowed afterwards either, unless it came.
template <io::ReusableStream Stream>
Result<void> ClientConnection<Stream>::fill() {
  if (!buffer_) buffer_ = buffers_.borrow();
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }
  const auto count = stream_.try_read(buffer_.bytes().subspan(end_));
  if (!count) {
    if (end_ == 0) buffer_.reset();
    return std::unexpected(count.error());
  }
  end_ += *count;
  answer_begun_ = true;
  return {};
}

/// True: head_ is the next head. Each line feed is looked at once, so that a head in many small pieces is not parsed
/// once for each; but what does not begin as one is refused as soon as that shows.
template <io::ReusableStream Stream>
Result<bool> ClientConnection<Stream>::take_head() {
  const std::string_view input = buffered();
  const std::size_t room = std::min<std::size_t>(limits_.head.header_bytes, buffers_.size()) - head_bytes_;
  constexpr std::size_t kBeginning = std::string_view("HTTP/1.1 200").size();
  if (scanned_ >= kBeginning && input.size() < room && input.find('\n', scanned_) == std::string_view::npos) {
    scanned_ = input.size();
    return false;
  }
  ResponseHeadLimits limits = limits_.head;
  limits.header_bytes = static_cast<std::uint32_t>(room);
  const auto size = parse_response_head(input, method_, limits, head_);
  if (!size) return refused(size.error());
  if (*size == 0) {
    scanned_ = input.size();
    if (input.size() >= room) return refused(Reason::kHeaderBytes);
    return false;
  }
  begin_ += *size;
  head_bytes_ += *size;
  scanned_ = 0;
  if (head_.is_interim()) return true;
  has_head_ = true;
  if (head_.status == Status::kSwitchingProtocols) broken_ = true;  // whatever follows, it is not HTTP/1.1
  reader_ = ContentReader(head_, limits_.head);
  return true;
}

template <io::ReusableStream Stream>
runtime::Task<Result<const ResponseHead*>> ClientConnection<Stream>::receive_head() {
  head_due_ = worker_.now() + limits_.first_byte;
  for (;;) {
    if (begin_ != end_) {
      const auto taken = take_head();
      if (!taken) co_return std::unexpected(taken.error());
      if (*taken) co_return &head_;
    }
    wait_for_answer();
    const auto ready = co_await stream_.readable();
    if (!ready) co_return failed(ready.error(), Reason::kUpstreamFirstByte);
    const auto filled = fill();
    if (!filled && filled.error().kind != ErrorKind::kWouldBlock)
      co_return failed(filled.error(), Reason::kUpstreamFirstByte);
  }
}

template <io::ReusableStream Stream>
Result<std::string_view> ClientConnection<Stream>::try_next() {
  while (!reader_.done()) {
    if (begin_ == end_) return fail(ErrorKind::kWouldBlock);
    const auto step = reader_.step(buffered());
    if (!step) return refused(step.error());
    begin_ += step->consumed;
    trailer_section_.append(step->trailers);
    if (!step->piece.empty()) {
      skip_framing();
      return step->piece;
    }
  }
  if (const auto ended = end_trailers(); !ended) return std::unexpected(ended.error());
  return std::string_view();
}

/// Goes to the content's end where it has arrived behind the last piece, so that is_complete() says so with that piece.
template <io::ReusableStream Stream>
void ClientConnection<Stream>::skip_framing() {
  if (reader_.done() || begin_ == end_) return;
  ContentReader ahead = reader_;
  const auto step = ahead.step(buffered());
  if (!step || !ahead.done()) return;
  reader_ = ahead;
  begin_ += step->consumed;
  trailer_section_.append(step->trailers);
}

template <io::ReusableStream Stream>
Result<void> ClientConnection<Stream>::end_trailers() {
  if (trailer_section_.size() <= 2 || !trailers_.empty()) return {};
  const auto parsed = parse_trailers(trailer_section_, trailers_);
  if (!parsed) return refused(parsed.error());
  return {};
}

/// The read behind a wait.
template <io::ReusableStream Stream>
Result<void> ClientConnection<Stream>::receive_more(Result<void> ready) {
  if (!ready) return failed(ready.error(), Reason::kUpstreamIdle);
  const auto filled = fill();
  if (filled || filled.error().kind == ErrorKind::kWouldBlock) return {};
  if (filled.error().kind == ErrorKind::kClosed && reader_.end_of_stream()) return {};
  return failed(filled.error(), Reason::kUpstreamIdle);  // RFC 9112 §8: incomplete
}

template <io::ReusableStream Stream>
runtime::Task<Result<std::string_view>> ClientConnection<Stream>::next() {
  for (;;) {
    const auto piece = try_next();
    if (piece || piece.error().kind != ErrorKind::kWouldBlock) co_return piece;
    begin_ = end_ = 0;
    buffer_.reset();  // who waits holds none
    wait_for_answer();
    const auto ready = co_await stream_.readable();
    const auto more = receive_more(ready);
    if (!more) co_return std::unexpected(more.error());
  }
}

template <io::ReusableStream Stream>
runtime::Task<Result<std::string_view>> ClientConnection<Stream>::next_before(runtime::TimePoint due) {
  for (;;) {
    const auto piece = try_next();
    if (piece || piece.error().kind != ErrorKind::kWouldBlock) co_return piece;
    begin_ = end_ = 0;
    buffer_.reset();
    stream_.set_read_deadline(due);
    const auto ready = co_await stream_.readable();
    if (!ready && ready.error().kind == ErrorKind::kTimeout) co_return piece;
    const auto more = receive_more(ready);
    if (!more) co_return std::unexpected(more.error());
  }
}

template <io::ReusableStream Stream>
runtime::Task<Result<std::size_t>> ClientConnection<Stream>::next_into(int pipe) {
  if constexpr (requires { stream_.try_splice_to(pipe, std::size_t{0}); }) {
    const auto left = reader_.remaining();
    if (begin_ != end_ || !left || *left <= kWorthAPipe) co_return std::size_t{0};
    begin_ = end_ = 0;
    buffer_.reset();
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(*left, io::kPipeBytes));
    for (;;) {
      const auto count = stream_.try_splice_to(pipe, most);
      if (count) {
        reader_.skip(*count);
        co_return *count;
      }
      if (count.error().kind != ErrorKind::kWouldBlock) co_return failed(count.error(), Reason::kUpstreamIdle);
      wait_for_answer();
      const auto ready = co_await stream_.readable();
      if (!ready) co_return failed(ready.error(), Reason::kUpstreamIdle);
    }
  }
  co_return std::size_t{0};
}

}  // namespace flare::http
