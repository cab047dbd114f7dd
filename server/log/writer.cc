#include "server/log/writer.h"

#include <utility>

#include "flare/base/exception.h"

namespace flare::server::log {

Writer::Writer(std::vector<Sink> sinks, std::function<void(const std::string&)> notice)
    : sinks_(std::move(sinks)), notice_(std::move(notice)), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_one();
  thread_.join();
}

void Writer::submit(std::string batch, std::size_t lines) {
  {
    const std::lock_guard lock(mutex_);
    if (pending_.size() + batch.size() > kMaxPending) {
      dropped_ += lines;
      return;
    }
    pending_.append(batch);
    pending_lines_ += lines;
  }
  wanted_.notify_one();
}

void Writer::reopen() {
  {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wanted_.notify_one();
}

std::uint64_t Writer::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

void Writer::run() {
  for (bool ending = false; !ending;) {
    std::string batch;
    std::size_t lines = 0;
    bool reopen = false;
    {
      std::unique_lock lock(mutex_);
      wanted_.wait(lock, [this] { return ending_ || reopen_ || !pending_.empty(); });
      batch.swap(pending_);
      lines = std::exchange(pending_lines_, 0);
      reopen = std::exchange(reopen_, false);
      ending = ending_;
    }
    write(batch, lines);
    if (reopen) reopen_sinks();
  }
}

void Writer::write(const std::string& batch, std::size_t lines) {
  if (batch.empty()) return;
  bool complete = true;
  for (Sink& sink : sinks_) complete = sink.write(batch) && complete;
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!complete) dropped_ += lines;
    if (complete && dropped_ != reported_dropped_) lost = dropped_ - std::exchange(reported_dropped_, dropped_);
  }
  if (lost != 0) notice_("the access log takes lines again; " + std::to_string(lost) + " were dropped");  // O-4
}

void Writer::reopen_sinks() {
  for (Sink& sink : sinks_) {
    try {
      sink.reopen();
    } catch (const Exception& exception) {
      notice_(std::string(exception.what()) + "; the old file stays open");
    }
  }
}

}  // namespace flare::server::log
