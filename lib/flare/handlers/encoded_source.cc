#include "flare/handlers/encoded_source.h"

#include <algorithm>
#include <utility>

#include "flare/handlers/compress_policy.h"
#include "flare/handlers/file_content.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

constexpr std::size_t kSlice = 128 * 1024;

std::uint32_t& count() noexcept {
  thread_local std::uint32_t under_way = 0;
  return under_way;
}

/// `f`, where it may take its time.
template <class F>
runtime::Task<std::invoke_result_t<F&>> elsewhere(F f) {
  runtime::Worker* const worker = runtime::Worker::find_current();
  if (worker == nullptr || worker->offload_pool() == nullptr) co_return f();
  co_return co_await runtime::offload(*worker, *worker->offload_pool(), std::move(f));
}

/// All of it as one piece.
class MemorySource final : public http::BodySource {
 public:
  explicit MemorySource(std::string_view bytes) noexcept : bytes_(bytes) {}
  runtime::Task<Result<std::string_view>> next() override { co_return std::exchange(bytes_, {}); }
  [[nodiscard]] bool is_ready() const noexcept override { return true; }

 private:
  std::string_view bytes_;
};

class FileSource final : public http::BodySource {
 public:
  explicit FileSource(http::FileRange range) noexcept : range_(std::move(range)) {}
  runtime::Task<Result<std::string_view>> next() override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(range_.length, kSlice));
    if (count == 0) co_return std::string_view();
    auto read = [file = range_.file, offset = range_.offset, count] {  // a share of the file: it may outlive this
      return read_content_at(file.get(), offset, count, Patience::kWait);
    };
    auto bytes = co_await elsewhere(std::move(read));
    if (!bytes) co_return std::unexpected(bytes.error());
    range_.offset += count;
    range_.length -= count;
    bytes_ = std::move(*bytes);
    co_return bytes_;
  }

 private:
  http::FileRange range_;
  std::string bytes_;
};

}  // namespace

EncodedSource::EncodedSource(http::ContentCoding coding, http::Body body)
    : encoder_(make_stream_encoder(coding)), body_(std::move(body)) {
  if (const http::FileRange* const file = body_.file()) {
    reader_ = std::make_unique<FileSource>(*file);
  } else if (body_.is_in_memory()) {
    reader_ = std::make_unique<MemorySource>(body_.bytes());
  }
  ++count();
}

EncodedSource::~EncodedSource() { --count(); }

std::uint32_t EncodedSource::under_way() noexcept { return count(); }

bool EncodedSource::is_ready() const noexcept { return (reader_ ? reader_.get() : body_.source())->is_ready(); }

void EncodedSource::cancel() noexcept { (reader_ ? reader_.get() : body_.source())->cancel(); }

runtime::Task<Result<std::string_view>> EncodedSource::next() {
  out_.clear();
  if (finished_) co_return std::string_view();
  if (rest_.empty()) {
    http::BodySource& source = reader_ ? *reader_ : *body_.source();
    const auto piece = co_await source.next();
    if (!piece) co_return std::unexpected(piece.error());
    rest_ = *piece;
  }
  if (rest_.empty()) {
    finished_ = true;
    encoder_->finish(out_);
    co_return out_;
  }
  const std::string_view slice = rest_.substr(0, kSlice);
  co_await encode(slice);
  rest_.remove_prefix(slice.size());
  co_return out_;
}

runtime::Task<void> EncodedSource::encode(std::string_view slice) {
  if (slice.size() <= kLargestInline) {
    encoder_->write(slice, out_);
    co_return;
  }
  // The job has its own copy, and a share of the encoder: it may outlive this.
  auto job = [encoder = encoder_, bytes = std::string(slice)] {
    std::string made;
    encoder->write(bytes, made);
    return made;
  };
  out_ = co_await elsewhere(std::move(job));
}

}  // namespace flare::handlers
