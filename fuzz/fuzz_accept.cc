// Preferences: the input's lines are values of Accept and Accept-Encoding. What is chosen is wanted, and nothing more.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "flare/handlers/compress_policy.h"
#include "flare/http/quality.h"

namespace {

namespace handlers = flare::handlers;
namespace http = flare::http;

void require(bool holds) {
  if (!holds) std::abort();
}

/// One field for each line, by turns.
std::vector<http::Field> fields_of(std::string_view input) {
  std::vector<http::Field> fields;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(line.size() < input.size() ? line.size() + 1 : line.size());
    fields.push_back({fields.size() % 2 == 0 ? "Accept-Encoding" : "Accept", line});
  }
  return fields;
}

void check_choice(http::Fields fields, bool worth_it) {
  const handlers::CompressOptions options;
  const http::CodingWeights weights(fields);
  std::uint16_t most = 0;
  for (const http::ContentCoding coding : options.encodings) {
    require(weights.of(coding) <= 1000 && weights.of(to_string(coding)) == weights.of(coding));
    most = std::max(most, weights.of(coding));
  }
  const handlers::CodingChoice choice = choose_coding(options, fields, worth_it);
  switch (choice.verdict) {
    case handlers::Verdict::kEncode:
      require(weights.of(choice.coding) == most && most != 0 && most >= weights.of_identity());
      require(worth_it || weights.of_identity() == 0);
      return;
    case handlers::Verdict::kIdentity:
      require(weights.of_identity() != 0 && (!worth_it || weights.of_identity() > most));
      return;
    case handlers::Verdict::kNotAcceptable: require(weights.of_identity() == 0 && most == 0); return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::vector<http::Field> fields = fields_of(input);
  check_choice(http::Fields(fields), true);
  check_choice(http::Fields(fields), false);
  require(http::accept_weight(http::Fields(fields), "text/html") <= 1000);
  require(http::weight_of(input).value_or(0) <= 1000);

  require(!handlers::is_compressible({.types = {"text/*", std::string(input)}},
                                     "text/event-stream; x=" + std::string(input)));
  static_cast<void>(handlers::is_compressible({}, input));
  static_cast<void>(handlers::may_transform(input));
  const std::string tag = handlers::encoded_etag(input, "gzip");
  require(tag.empty() || (tag.starts_with("W/") && tag.ends_with("-gzip\"")));
  return 0;
}
