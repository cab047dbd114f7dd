// SRV answers: whatever the bytes are, reading them ends, inside them, with names that a name may be.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "flare/dns/service_reply.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of exactly that size: AddressSanitizer sees one byte too many.
  const std::unique_ptr<std::uint8_t[]> message(new std::uint8_t[size]);
  std::copy_n(data, size, message.get());
  const auto services = flare::dns::parse_service_reply({message.get(), size});
  if (!services) return 0;
  std::uint16_t least = 0;
  for (const flare::dns::Service& service : *services) {
    if (service.target.empty() || service.target.size() > 255 || service.priority < least) std::abort();
    least = service.priority;
  }
  return 0;
}
