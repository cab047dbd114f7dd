#include "flare/handlers/multipart_ranges.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "flare/base/siphash.h"
#include "flare/handlers/file_content.h"
#include "flare/runtime/offload.h"
#include "flare/runtime/worker.h"

namespace flare::handlers {
namespace {

constexpr std::uint64_t kPiece = 64 * 1024;

std::string make_boundary() {
  const SipKey random = SipKey::random();
  std::array<char, 40> text{};
  char* out = std::to_chars(text.data(), text.data() + text.size(), random.high, 36).ptr;
  out = std::to_chars(out, text.data() + text.size(), random.low, 36).ptr;
  return {text.data(), out};
}

}  // namespace

MultipartRanges::MultipartRanges(std::span<const http::ByteRange> parts, std::string_view type, std::uint64_t size)
    : boundary_(make_boundary()) {
  const std::string begin = "--" + boundary_ + "\r\nContent-Type: " + std::string(type) + "\r\nContent-Range: ";
  for (const http::ByteRange& range : parts) {
    parts_.push_back({(parts_.empty() ? "" : "\r\n") + begin + http::content_range(range, size) + "\r\n\r\n", range});
  }
  end_ = "\r\n--" + boundary_ + "--\r\n";
}

std::string MultipartRanges::content_type() const { return "multipart/byteranges; boundary=" + boundary_; }

std::uint64_t MultipartRanges::content_length() const noexcept {
  std::uint64_t sum = end_.size();
  for (const Part& part : parts_) sum += part.head.size() + part.range.length;
  return sum;
}

std::string MultipartRanges::render(std::string_view content) const {
  std::string out;
  out.reserve(content_length());
  for (const Part& part : parts_) {
    out.append(part.head).append(content.substr(part.range.offset, part.range.length));
  }
  return out + end_;
}

class MultipartRanges::Source final : public http::BodySource {
 public:
  Source(MultipartRanges ranges, net::SharedFd file) : ranges_(std::move(ranges)), file_(std::move(file)) {}

  runtime::Task<Result<std::string_view>> next() override {
    if (part_ > ranges_.parts_.size()) co_return std::string_view();
    if (part_ == ranges_.parts_.size()) {
      ++part_;
      co_return ranges_.end_;
    }
    const Part& part = ranges_.parts_[part_];
    if (!std::exchange(head_sent_, true)) co_return part.head;
    const auto size = static_cast<std::size_t>(std::min(part.range.length - taken_, kPiece));
    const std::uint64_t offset = part.range.offset + taken_;
    taken_ += size;
    if (taken_ == part.range.length) {
      ++part_;
      taken_ = 0;
      head_sent_ = false;
    }
    auto bytes = co_await read(offset, size);
    if (!bytes) co_return std::unexpected(bytes.error());
    piece_ = std::move(*bytes);
    co_return std::string_view(piece_);
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const noexcept override { return ranges_.content_length(); }
  [[nodiscard]] bool is_ready() const noexcept override { return true; }

 private:
  runtime::Task<Result<std::string>> read(std::uint64_t offset, std::size_t size) {
    runtime::Worker* const worker = runtime::Worker::find_current();
    auto job = [file = file_, offset, size] { return read_content_at(file.get(), offset, size, Patience::kWait); };
    if (worker == nullptr || worker->offload_pool() == nullptr) co_return job();
    co_return co_await runtime::offload(*worker, *worker->offload_pool(), std::move(job));
  }

  MultipartRanges ranges_;
  net::SharedFd file_;
  std::size_t part_ = 0;  ///< one behind the last: the end; two: nothing left
  bool head_sent_ = false;
  std::uint64_t taken_ = 0;  ///< of the part
  std::string piece_;
};

http::Body MultipartRanges::read(MultipartRanges ranges, net::SharedFd file) {
  return std::unique_ptr<http::BodySource>(std::make_unique<Source>(std::move(ranges), std::move(file)));
}

}  // namespace flare::handlers
