#include "flare/http/mime.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

struct Entry {
  std::string_view extension;  ///< lower case
  std::string_view type;
};

constexpr Entry kTypes[] = {
#include "flare/http/mime_types.inc"
};
static_assert(std::ranges::adjacent_find(kTypes, std::ranges::greater_equal(), &Entry::extension) ==
                  std::ranges::end(kTypes),
              "binary search needs each extension once, in order");

constexpr std::size_t kLongestExtension =
    std::ranges::max(kTypes, {}, [](const Entry& entry) { return entry.extension.size(); }).extension.size();

/// What follows the last dot of the last segment; "" where there is none, and for a name that only begins with a dot.
std::string_view extension_of(std::string_view path) noexcept {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? std::string_view() : name.substr(dot + 1);
}

}  // namespace

std::string_view mime_type(std::string_view path) noexcept {
  const std::string_view extension = extension_of(path);
  if (extension.empty() || extension.size() > kLongestExtension) return kOctetStream;
  std::array<char, kLongestExtension> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): written below
  std::ranges::transform(extension, buffer.begin(), ascii::to_lower);
  const std::string_view wanted(buffer.data(), extension.size());
  const auto* const found = std::ranges::lower_bound(kTypes, wanted, {}, &Entry::extension);
  return found != std::ranges::end(kTypes) && found->extension == wanted ? found->type : kOctetStream;
}

}  // namespace flare::http
