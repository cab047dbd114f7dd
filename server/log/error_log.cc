#include "server/log/error_log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <vector>

#include "flare/base/exception.h"
#include "server/log/sink.h"

namespace flare::server::log {
namespace {

/// spdlog's formatting over our descriptor, which log rotation may replace.
class SpdlogSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit SpdlogSink(const config::LogTarget& target) : sink_(target) {}

  void reopen() {
    const std::lock_guard lock(mutex_);
    sink_.reopen();
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    // A log that cannot be written has nowhere to say so.
    static_cast<void>(sink_.write({line.data(), line.size()}));
  }
  void flush_() override {}

  Sink sink_;
};

spdlog::level::level_enum to_spdlog(config::LogLevel level) noexcept {
  switch (level) {
    case config::LogLevel::kTrace: return spdlog::level::trace;
    case config::LogLevel::kDebug: return spdlog::level::debug;
    case config::LogLevel::kInfo: return spdlog::level::info;
    case config::LogLevel::kWarn: return spdlog::level::warn;
    case config::LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

constexpr std::size_t kLinesInFlight = 8192;

}  // namespace

/// One thread writes, so that a sink that blocks never holds up a worker (O-4); what it cannot keep up with pushes out
/// the oldest lines.
struct ErrorLog::State {
  std::vector<std::shared_ptr<SpdlogSink>> sinks;
  std::shared_ptr<spdlog::async_logger> logger;
  // Ends first: its thread writes what is left and lets go of the logger.
  std::shared_ptr<spdlog::details::thread_pool> writer =
      std::make_shared<spdlog::details::thread_pool>(kLinesInFlight, 1);
};

ErrorLog::ErrorLog(const config::LogSettings& settings) : state_(std::make_unique<State>()) {
  for (const config::LogTarget& target : *settings.error_to)
    state_->sinks.push_back(std::make_shared<SpdlogSink>(target));
  state_->logger =
      std::make_shared<spdlog::async_logger>("flared", state_->sinks.begin(), state_->sinks.end(), state_->writer,
                                             spdlog::async_overflow_policy::overrun_oldest);
  state_->logger->set_level(to_spdlog(*settings.error_level));
  state_->logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

ErrorLog::~ErrorLog() = default;

void ErrorLog::debug(std::string_view text) noexcept { state_->logger->debug(text); }
void ErrorLog::info(std::string_view text) noexcept { state_->logger->info(text); }
void ErrorLog::warn(std::string_view text) noexcept { state_->logger->warn(text); }
void ErrorLog::error(std::string_view text) noexcept { state_->logger->error(text); }

void ErrorLog::reopen() noexcept {
  for (const auto& sink : state_->sinks) {
    try {
      sink->reopen();
    } catch (const Exception& exception) {
      warn(std::string(exception.what()) + "; the old file stays open");
    }
  }
}

}  // namespace flare::server::log
