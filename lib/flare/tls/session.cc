#include "flare/tls/session.h"

#include <openssl/err.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/tls/failure.h"
#include "flare/tls/session_bio.h"

namespace flare::tls {
namespace {

// Latency first: the first records of a burst fit a TCP segment, then twice that, ... so that the other side can
// decrypt what the first round trips bring; after that throughput counts.
constexpr std::size_t kFirstRecord = 1400;
constexpr std::size_t kLargestRecord = SSL3_RT_MAX_PLAIN_LENGTH;
constexpr std::uint8_t kSmallRecords = 4;
constexpr std::size_t kMostUnread = 128 * 1024;  // twice what a write can leave behind
constexpr std::chrono::seconds kPause{1};        // by then the congestion window starts anew

std::chrono::steady_clock::time_point coarse_now() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace

Session::Session(SslPtr ssl, std::shared_ptr<const ServerContext> context)
    : ssl_(std::move(ssl)),
      context_(std::move(context)),
      kernel_((SSL_get_options(ssl_.get()) & SSL_OP_ENABLE_KTLS) != 0 ? std::make_unique<KernelRecords>() : nullptr) {
  SSL_set_app_data(ssl_.get(), this);
}

Session::~Session() = default;

// ---- the handshake

Step Session::handshake() noexcept {
  if (input_.empty() && !begun_ && is_server()) return Step::kRead;
  begun_ = true;
  std::string_view unread = input_;
  const SessionBio wire(ssl_.get(), unread, output_, kernel_.get());
  const int outcome = SSL_do_handshake(ssl_.get());
  const int error = outcome == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), outcome);
  input_.erase(0, input_.size() - unread.size());
  switch (error) {
    case SSL_ERROR_NONE:
      established_ = true;
      has_input_ = !input_.empty();
      return Step::kDone;
    case SSL_ERROR_WANT_READ: return Step::kRead;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB: offloaded_ = true; return Step::kOffload;
    default: broken(error); return Step::kFailed;
  }
}

bool Session::looks_like_http() const noexcept {
  if (established_ || input_.empty()) return false;
  const std::string_view word = std::string_view(input_).substr(0, input_.find(' '));
  return std::ranges::all_of(word, ascii::is_upper);
}

Error Session::broken(int error) noexcept { return break_off(take_failure(*this, error)); }

/// Nothing more can be read, and only what is in output() be written: an alert, mostly.
Error Session::break_off(const Failure& why) noexcept {
  broken_ = closed_ = true;
  if (reason_ == Reason::kNone) reason_ = why.reason;  // a callback knows better
  try {
    failure_ = why.text;
  } catch (const std::bad_alloc&) {  // the reason has to do
  }
  return breakage();
}

Error Session::breakage() const noexcept {
  return {.kind = ErrorKind::kProtocol,
          .source = is_server() ? ErrorSource::kInternal : ErrorSource::kUpstream,
          .reason = reason_};
}

// ---- records

Result<std::size_t> Session::decrypt(std::string_view arrived, std::span<char> into) noexcept {
  if (broken_) return std::unexpected(breakage());
  ERR_clear_error();  // SSL_get_error asks the thread's queue, where anybody may have left something
  const bool kept = !input_.empty();
  if (kept) input_.append(arrived);
  std::string_view unread = kept ? std::string_view(input_) : arrived;
  const SessionBio wire(ssl_.get(), unread, output_, kernel_.get());
  const std::size_t said = output_.size();
  std::size_t total = 0;
  int outcome = 1;
  while (total < into.size() && !ended_) {
    std::size_t count = 0;
    outcome = SSL_read_ex(ssl_.get(), into.data() + total, into.size() - total, &count);
    total += count;
    if (outcome != 1 || (unread.empty() && SSL_pending(ssl_.get()) == 0)) break;
  }
  const int error = outcome == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), 0);
  if (error == SSL_ERROR_ZERO_RETURN) ended_ = true;
  if (kernel_ != nullptr) look_for_new_keys(said);
  if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) broken(error);  // after what came before it was read
  if (output_.size() > said && output_.size() > kMostUnread)
    break_off({.text = "it makes us answer and does not read the answers"});
  has_input_ = ended_ || broken_ || !unread.empty() || SSL_pending(ssl_.get()) != 0;
  if (kept) {
    input_.erase(0, input_.size() - unread.size());
  } else {
    input_.assign(unread);
  }
  if (input_.empty()) std::string().swap(input_);
  if (total != 0 || into.empty()) return total;
  if (ended_) return fail(ErrorKind::kClosed);
  if (broken_) return std::unexpected(breakage());
  return fail(ErrorKind::kWouldBlock);
}

/// RFC 8446 §4.6.3: the peer may ask for new keys. The kernel cannot be told: before it sends, it never will; after
/// that, the connection is at its end.
void Session::look_for_new_keys(std::size_t said) noexcept {
  const bool asked = SSL_get_key_update_type(ssl_.get()) != SSL_KEY_UPDATE_NONE || output_.size() > said;
  if (!asked) return;
  kernel_->forget();
  if (!by_kernel_) return;
  output_.resize(said);
  if (!broken_) break_off({.text = "it asks for new keys while the kernel sends"});
}

bool Session::hand_over(int socket) noexcept {
  if (kernel_ == nullptr || !kernel_->is_known() || closed_ || !output_.empty()) return false;
  by_kernel_ = kernel_->hand_over(socket);
  return by_kernel_;
}

Error Session::cut_off() const noexcept {
  if (is_server()) return Error::of(ErrorKind::kClosed);
  return {.kind = ErrorKind::kConnectionReset, .source = ErrorSource::kUpstream, .reason = Reason::kTlsClosed};
}

std::size_t Session::record_size() noexcept {
  const auto now = coarse_now();
  if (now - std::exchange(burst_, now) > kPause) records_ = 0;
  if (records_ >= kSmallRecords) return kLargestRecord;
  return kFirstRecord << records_++;
}

Result<void> Session::encrypt(std::string_view plain, std::string& output) {
  if (plain.empty()) return {};
  if (closed_) return fail(ErrorKind::kBrokenPipe);
  std::string_view nothing;
  const SessionBio wire(ssl_.get(), nothing, output, kernel_.get());
  while (!plain.empty()) {
    const std::size_t size = plain.size() <= kFirstRecord ? plain.size() : std::min(plain.size(), record_size());
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), plain.data(), size, &written) != 1) {
      return std::unexpected(broken(SSL_get_error(ssl_.get(), 0)));
    }
    plain.remove_prefix(written);
  }
  return {};
}

void Session::close(std::string& output) noexcept {
  if (std::exchange(closed_, true) || !established_) return;
  std::string_view nothing;
  const SessionBio wire(ssl_.get(), nothing, output, kernel_.get());
  static_cast<void>(SSL_shutdown(ssl_.get()));
  ERR_clear_error();
}

// ---- what was agreed

std::string_view Session::version() const noexcept { return SSL_get_version(ssl_.get()); }
std::string_view Session::cipher() const noexcept {
  const char* const name = SSL_get_cipher_name(ssl_.get());
  return name == nullptr ? "" : name;
}
std::string_view Session::protocol() const noexcept {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}
bool Session::is_resumed() const noexcept { return SSL_session_reused(ssl_.get()) == 1; }

}  // namespace flare::tls
