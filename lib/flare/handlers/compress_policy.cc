#include "flare/handlers/compress_policy.h"

#include <algorithm>

#include "flare/base/ascii.h"
#include "flare/http/quality.h"

namespace flare::handlers {
namespace {

constexpr std::string_view kEventStream = "text/event-stream";

/// `range` is "text/*" or "text/html".
bool covers(std::string_view range, std::string_view type) noexcept {
  if (!range.ends_with("/*")) return ascii::iequals(range, type);
  const std::string_view stem = range.substr(0, range.size() - 1);
  return type.size() > stem.size() && ascii::iequals(type.substr(0, stem.size()), stem);
}

/// Whether the list in a field's value has `token`, compared without case; its parameters do not count.
bool lists(std::string_view value, std::string_view token) noexcept {
  while (!value.empty()) {
    const std::size_t comma = value.find(',');
    if (ascii::iequals(ascii::trim(value.substr(0, comma)), token)) return true;
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
  return false;
}

}  // namespace

bool is_compressible(const CompressOptions& options, std::string_view content_type) noexcept {
  const std::string_view type = ascii::trim(content_type.substr(0, content_type.find(';')));
  if (ascii::iequals(type, kEventStream)) return false;
  return std::ranges::any_of(options.types, [type](std::string_view range) { return covers(range, type); });
}

bool may_transform(std::string_view cache_control) noexcept { return !lists(cache_control, "no-transform"); }

CodingChoice choose_coding(const CompressOptions& options, http::Fields fields, bool worth_it) noexcept {
  const http::CodingWeights weights(fields);
  const std::uint16_t identity = weights.of_identity();
  CodingChoice choice{.verdict = identity == 0 ? Verdict::kNotAcceptable : Verdict::kIdentity};
  if (!worth_it && identity != 0) return choice;
  std::uint16_t most = 0;
  for (const http::ContentCoding coding : options.encodings) {
    const std::uint16_t weight = weights.of(coding);
    if (weight <= most || weight < identity) continue;
    most = weight;
    choice = {.verdict = Verdict::kEncode, .coding = coding};
  }
  return choice;
}

std::string encoded_etag(std::string_view etag, std::string_view coding) {
  if (!etag.ends_with('"')) return {};
  std::string tag(etag.starts_with("W/") ? "" : "W/");
  tag.append(etag.substr(0, etag.size() - 1)).append("-").append(coding).append("\"");
  return tag;
}

void vary_by(http::HeaderMap& headers, std::string_view field) {
  const auto own = headers.get("Vary");
  if (!own) return headers.append("Vary", field);
  bool varies = false;
  headers.for_each([&](std::string_view name, std::string_view value) {
    varies = varies || (ascii::iequals(name, "Vary") && (lists(value, field) || lists(value, "*")));
  });
  if (varies) return;
  const std::string all = std::string(*own) + ", " + std::string(field);
  headers.set("Vary", all);
}

}  // namespace flare::handlers
