#include "flare/dns/service_reply.h"

#include <algorithm>
#include <string>

namespace flare::dns {
namespace {

constexpr std::size_t kMaxName = 255;  // RFC 1035 §2.3.4
constexpr std::uint16_t kSrv = 33;
constexpr std::uint16_t kInternet = 1;

/// Reads a message from its start; once it has failed, everything reads as 0.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message, std::size_t at = 0) noexcept : message_(message), at_(at) {}

  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] std::size_t position() const noexcept { return at_; }
  std::uint16_t number16() noexcept {
    const auto high = byte();
    return static_cast<std::uint16_t>(high << 8 | byte());
  }
  std::uint32_t number32() noexcept {
    const std::uint32_t high = number16();
    return high << 16 | number16();
  }
  void skip(std::size_t count) noexcept {
    if (count > message_.size() - at_) failed_ = true;
    if (!failed_) at_ += count;
  }
  /// A name, with its compression (RFC 1035 §4.1.4): pointers only ever lead back, so it ends.
  std::string name() {
    std::string text;
    std::size_t bound = at_;
    for (std::optional<std::size_t> back; !failed_;) {
      const std::uint8_t length = byte();
      if (length == 0) {
        if (back) at_ = *back;
        return text;
      }
      if ((length & 0xC0) == 0xC0) {
        const std::size_t target = (length & 0x3FU) << 8 | byte();
        if (!back) back = at_;
        failed_ = failed_ || target >= bound;
        bound = at_ = failed_ ? at_ : target;
        continue;
      }
      failed_ = failed_ || length > 63 || length > message_.size() - at_ || text.size() + length + 1 > kMaxName;
      if (failed_) break;
      if (!text.empty()) text += '.';
      text.append(reinterpret_cast<const char*>(message_.data()) + at_, length);
      at_ += length;
    }
    return {};
  }

 private:
  std::uint8_t byte() noexcept {
    failed_ = failed_ || at_ >= message_.size();
    return failed_ ? std::uint8_t{0} : message_[at_++];
  }

  std::span<const std::uint8_t> message_;
  std::size_t at_;
  bool failed_ = false;
};

}  // namespace

std::optional<std::vector<Service>> parse_service_reply(std::span<const std::uint8_t> message) {
  Reader reader(message);
  reader.skip(4);
  const std::uint16_t questions = reader.number16();
  const std::uint16_t answers = reader.number16();
  reader.skip(4);
  for (std::uint16_t i = 0; i < questions && !reader.failed(); ++i) {
    static_cast<void>(reader.name());
    reader.skip(4);
  }
  std::vector<Service> services;
  for (std::uint16_t i = 0; i < answers && !reader.failed(); ++i) {
    static_cast<void>(reader.name());
    const std::uint16_t type = reader.number16();
    const std::uint16_t kind = reader.number16();
    const std::uint32_t ttl = reader.number32();
    const std::uint16_t size = reader.number16();
    Reader data(message, reader.position());
    reader.skip(size);
    if (reader.failed() || type != kSrv || kind != kInternet) continue;
    Service service{.ttl = std::chrono::seconds(ttl >> 31 != 0 ? 0 : ttl)};  // RFC 2181 §8
    service.priority = data.number16();
    service.weight = data.number16();
    service.port = data.number16();
    service.target = data.name();
    if (data.failed() || data.position() != reader.position()) return std::nullopt;
    if (service.target.empty()) continue;  // RFC 2782: "." is no service
    const auto place = std::ranges::upper_bound(services, service.priority, {}, &Service::priority);
    services.insert(place, std::move(service));
  }
  if (reader.failed()) return std::nullopt;
  return services;
}

}  // namespace flare::dns
