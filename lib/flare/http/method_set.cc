#include "flare/http/method_set.h"

#include <algorithm>
#include <array>

namespace flare::http {

void MethodSet::add(std::string_view token) {
  const Method method = parse_method(token);
  if (method != Method::kOther) {
    known_ |= bit(method);
  } else if (!lists_other(token)) {
    others_.emplace_back(token);
  }
}

void MethodSet::add(const MethodSet& other) {
  known_ |= other.known_;
  for (const std::string& token : other.others_) add(token);
}

bool MethodSet::lists_other(std::string_view token) const noexcept {
  return std::ranges::find(others_, token) != others_.end();
}

bool MethodSet::intersects(const MethodSet& other) const noexcept {
  return (known_ & other.known_) != 0 ||
         std::ranges::any_of(others_, [&other](const std::string& token) { return other.lists_other(token); });
}

std::string MethodSet::allow() const {
  static constexpr std::array kOrder = {Method::kGet,     Method::kHead,  Method::kPost,
                                        Method::kPut,     Method::kPatch, Method::kDelete,
                                        Method::kConnect, Method::kTrace, Method::kOptions};
  const auto all = static_cast<std::uint16_t>(implied() | bit(Method::kOptions));
  std::string out;
  const auto append = [&out](std::string_view token) {
    if (!out.empty()) out += ", ";
    out += token;
  };
  for (Method method : kOrder) {
    if ((all & bit(method)) != 0) append(to_string(method));
  }
  for (const std::string& token : others_) append(token);
  return out;
}

}  // namespace flare::http
