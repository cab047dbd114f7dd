#include "server/log/access_log.h"

#include <utility>

#include "flare/base/quote.h"
#include "server/log/access_line.h"

namespace flare::server::log {
namespace {

constexpr std::size_t kBatchBytes = 32 * 1024;
constexpr std::chrono::milliseconds kBatchAge{100};

}  // namespace

AccessLog::AccessLog(runtime::Worker& worker, config::AccessFormat format, std::shared_ptr<Writer> writer,
                     ErrorLog& errors)
    : worker_(worker), format_(format), writer_(std::move(writer)), errors_(errors), refusals_(worker, errors) {}

AccessLog::~AccessLog() { flush(); }

void AccessLog::record(const http::Transaction& transaction) noexcept {
  if (!transaction.request.is_logged()) return;
  const LineContext context{.time = std::chrono::system_clock::now(), .worker = worker_.id()};
  switch (format_) {
    case config::AccessFormat::kJson: append_json_line(batch_, transaction, context); break;
    case config::AccessFormat::kCombined: append_combined_line(batch_, transaction, context); break;
  }
  ++lines_;
  if (batch_.size() >= kBatchBytes) return flush();
  if (!is_scheduled()) worker_.timers().schedule(*this, worker_.now() + kBatchAge);
}

void AccessLog::failure(const http::Request& request, std::string_view what) noexcept {
  errors_.error("the handler of " + std::string(request.method_token()) + " " + std::string(request.path()) +
                " failed: " + quote(what));
}

void AccessLog::flush() {
  if (batch_.empty()) return;
  std::string next;
  next.reserve(kBatchBytes + 4096);
  writer_->submit(std::exchange(batch_, std::move(next)), std::exchange(lines_, 0));
}

}  // namespace flare::server::log
