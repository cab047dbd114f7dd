#include "flare/http/request.h"

#include <algorithm>

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

const Request::Param* find_param(std::span<const Request::Param> params, std::string_view name) noexcept {
  const auto found = std::ranges::find(params, name, &Request::Param::name);
  return found == params.end() ? nullptr : &*found;
}

}  // namespace

std::expected<std::size_t, Reason> Request::parse(std::string_view input, const Limits& limits) noexcept {
  limits_ = &limits;
  body_.clear();
  content_ = nullptr;
  cancellation_.reset();
  set_route({}, true);
  clear_upstream();
  user_.clear();
  added_.clear();
  removed_.clear();
  added_count_ = 0;
  path_ = {};
  const auto size = parse_request_head(input, limits, head_);
  if (!size || *size == 0) return size;
  path_ = head_.path;
  if (head_.form != TargetForm::kAsterisk) {
    const auto canonical = canonical_path(head_.path, canonical_, limits.utf8);
    if (!canonical) return std::unexpected(canonical.error());
    path_ = *canonical;
  }
  clear_params();
  return size;
}

void Request::remove_header(std::string_view name) {
  const auto is_name = [name](const Field& field) { return ascii::iequals(field.name, name); };
  added_count_ -= static_cast<std::size_t>(std::ranges::count_if(added_headers(), is_name));
  std::erase_if(head_.fields, is_name);
  removed_.emplace_front(name);
}

bool Request::is_removed(std::string_view name) const noexcept {
  return std::ranges::any_of(removed_, [name](const std::string& each) { return ascii::iequals(each, name); });
}

void Request::add_header(std::string name, std::string value) {
  const auto& [own_name, own_value] = added_.emplace_front(std::move(name), std::move(value));
  head_.fields.push_back({.name = own_name, .value = own_value});
  ++added_count_;
}

std::string Request::param(std::string_view name) const {
  const Param* found = find_param(params(), name);
  if (found == nullptr) return {};
  return percent_decode(path_.substr(found->offset, found->length)).value_or(std::string());
}

bool Request::has_param(std::string_view name) const noexcept { return find_param(params(), name) != nullptr; }

}  // namespace flare::http
