#include "flare/http/worker_context.h"

#include <time.h>

#include <algorithm>

#include "flare/http/date.h"

namespace flare::http {
namespace {

constexpr std::size_t kTurnBytes = 64 * 1024;
constexpr std::size_t kSpareRequests = 64;
const PeerTrust kTrustNobody;

}  // namespace

WorkerContext::WorkerContext(runtime::Worker& worker, Handler handler, const Limits& limits, std::string_view server,
                             Recorder* recorder)
    : worker_(worker),
      handler_(std::move(handler)),
      limits_(limits),
      trust_(&kTrustNobody),
      recorder_(recorder),
      transaction_recorder_(recorder != nullptr && recorder->wants_transactions() ? recorder : nullptr),
      input_(std::max<std::size_t>(kTurnBytes, std::size_t{limits.header_bytes} * 2)),  // a whole head always fits
      output_(kTurnBytes),
      request_(std::make_unique<Request>()) {
  ok_head_.append(status_line(Status::kOk));
  common_offset_ = ok_head_.size();
  if (!server.empty()) ok_head_.append("Server: ").append(server).append("\r\n");
  ok_head_.append("Date: ");
  date_offset_ = ok_head_.size();
  ok_head_.append(kHttpDateSize, ' ').append("\r\n");
  refresh_date();
}

void WorkerContext::refresh_date() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);  // the vDSO's cheapest: 5 ns, true to a tick
  if (now.tv_sec == date_second_) return;
  date_second_ = now.tv_sec;
  format_http_date(now.tv_sec, ok_head_.data() + date_offset_);
}

bool WorkerContext::admit_handshake() noexcept {
  constexpr int kPerTurn = 4;  // a handshake takes about a third of a millisecond
  const std::uint64_t turn = worker_.counters().turns.value();
  if (std::exchange(handshakes_turn_, turn) != turn) handshakes_ = 0;
  if (handshakes_ == kPerTurn) return false;
  ++handshakes_;
  return true;
}

void WorkerContext::tell_refused(const net::SocketAddr& peer, Reason why, std::string_view detail) noexcept {
  worker_.counters().refused[static_cast<std::size_t>(why)].add();
  if (recorder_ != nullptr) recorder_->refused(peer, why, detail);
}

std::unique_ptr<Request> WorkerContext::take_request() {
  auto taken = std::move(request_);
  if (spare_requests_.empty()) {
    request_ = std::make_unique<Request>();
  } else {
    request_ = std::move(spare_requests_.back());
    spare_requests_.pop_back();
  }
  return taken;
}

void WorkerContext::give_request(std::unique_ptr<Request> request) noexcept {
  request->retire();
  if (spare_requests_.size() < kSpareRequests) spare_requests_.push_back(std::move(request));
}

}  // namespace flare::http
