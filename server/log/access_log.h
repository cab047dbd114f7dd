// A worker's access log: lines gather in memory and go to the writer in batches.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flare/http/transaction.h"
#include "flare/runtime/timer_wheel.h"
#include "flare/runtime/worker.h"
#include "server/config/config.h"
#include "server/log/error_log.h"
#include "server/log/refusal_log.h"
#include "server/log/writer.h"

namespace flare::server::log {

/// One for each worker. A batch leaves when it is large or a tenth of a second old; an idle worker's timer does not
/// tick. `writer` is nullptr where the access log is off: then only handler failures are told, to the error log.
class AccessLog final : public http::Recorder, private runtime::TimerEntry {
 public:
  AccessLog(runtime::Worker& worker, config::AccessFormat format, std::shared_ptr<Writer> writer, ErrorLog& errors);
  ~AccessLog() override;

  void record(const http::Transaction& transaction) noexcept override;
  [[nodiscard]] bool wants_transactions() const noexcept override { return writer_ != nullptr; }
  void refused(const net::SocketAddr& peer, Reason why, std::string_view detail) noexcept override {
    refusals_.add(peer, why, detail);
  }
  void failure(const http::Request& request, std::string_view what) noexcept override;

 private:
  void on_timer() override { flush(); }
  void flush();

  runtime::Worker& worker_;
  config::AccessFormat format_;
  std::shared_ptr<Writer> writer_;
  ErrorLog& errors_;
  RefusalLog refusals_;
  std::string batch_;
  std::size_t lines_ = 0;
};

}  // namespace flare::server::log
