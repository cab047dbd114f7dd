#include "server/log/access_log.h"

#include <utility>

#include "server/log/access_line.h"

namespace flare::server::log {
namespace {

constexpr std::size_t kBatchBytes = 32 * 1024;
constexpr std::chrono::milliseconds kBatchAge{100};
constexpr std::chrono::milliseconds kBetweenRefusals{1000};

}  // namespace

AccessLog::AccessLog(runtime::Worker& worker, config::AccessFormat format, std::shared_ptr<Writer> writer,
                     ErrorLog& errors)
    : worker_(worker), format_(format), writer_(std::move(writer)), errors_(errors) {}

AccessLog::~AccessLog() {
  flush();
  if (refusals_untold_ != 0)
    errors_.info("closed " + std::to_string(refusals_untold_) + " more connections unanswered");
}

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
                " failed: " + std::string(what));
}

void AccessLog::closed_unanswered(const net::SocketAddr& peer, Reason why) noexcept {
  if (worker_.now() - refusal_told_ < kBetweenRefusals) {
    ++refusals_untold_;
    return;
  }
  refusal_told_ = worker_.now();
  const std::string name = peer == net::SocketAddr() ? "a unix socket" : peer.to_string();
  const std::uint64_t untold = std::exchange(refusals_untold_, 0);
  errors_.info("closed a connection from " + name + " unanswered: why=" + std::string(to_string(why)) +
               (untold == 0 ? std::string() : " (and " + std::to_string(untold) + " more before it)"));
}

void AccessLog::flush() {
  if (batch_.empty()) return;
  std::string next;
  next.reserve(kBatchBytes + 4096);
  writer_->submit(std::exchange(batch_, std::move(next)), std::exchange(lines_, 0));
}

}  // namespace flare::server::log
