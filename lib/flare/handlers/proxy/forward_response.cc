#include "flare/handlers/proxy/forward_response.h"

#include "flare/handlers/proxy/hop_by_hop.h"

namespace flare::handlers::proxy {
namespace {

bool is_replaced(std::string_view name) noexcept {
  return ascii::iequals(name, "date") || ascii::iequals(name, "server");
}

}  // namespace

http::Response forward_response(const http::ResponseHead& head) {
  http::Response response{.status = head.status};
  const http::Fields fields(head.fields);
  const HopByHop hop(fields);
  for (const http::Field& field : fields) {
    if (!hop.owns(field.name) && !is_replaced(field.name)) response.headers.append_parsed(field.name, field.value);
  }
  return response;
}

}  // namespace flare::handlers::proxy
