// The thread that writes access logs, so that no worker ever waits for a disk or a pipe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/log/sink.h"

namespace flare::server::log {

/// Takes batches of whole lines from any thread and writes each batch to every sink. What a blocked sink cannot take is
/// dropped and counted, never waited for.
class Writer {
 public:
  static constexpr std::size_t kMaxPending = 8 * 1024 * 1024;

  /// `notice` is told on the writer's thread what an operator should know (lines dropped, a file that cannot be
  /// reopened).
  Writer(std::vector<Sink> sinks, std::function<void(const std::string&)> notice);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Writes what is pending.
  ~Writer();

  /// `lines` in all; the batch is dropped when too much is pending already.
  void submit(std::string batch, std::size_t lines);
  /// Reopens every file once what is pending has been written to the old ones.
  void reopen();
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  void run();
  void write(const std::string& batch, std::size_t lines);
  void reopen_sinks();

  std::vector<Sink> sinks_;
  std::function<void(const std::string&)> notice_;
  mutable std::mutex mutex_;
  std::condition_variable wanted_;
  std::string pending_;
  std::size_t pending_lines_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t reported_dropped_ = 0;
  bool reopen_ = false;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace flare::server::log
