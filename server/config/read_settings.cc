#include "server/config/read_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "flare/base/ascii.h"
#include "flare/base/glob.h"
#include "server/config/nearest.h"
#include "server/config/read_access.h"
#include "server/config/read_auth.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

// Fields that frame the message: the server writes them, nobody else (RFC 9112 §6, RFC 9110 §7.6.1).
constexpr std::array<std::string_view, 7> kFramingFields{"Connection", "Content-Length",    "Keep-Alive", "TE",
                                                         "Trailer",    "Transfer-Encoding", "Upgrade"};

// Fields that every response has once: a second line of them would contradict the first (H-21, H-31).
constexpr std::array<std::string_view, 2> kServerFields{"Date", "Server"};

bool is_field_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return ascii::is_control(c) && c != '\t'; }) &&
         ascii::trim(text).size() == text.size();
}

void check_name(LoadContext& context, std::string_view name, const Location& at, bool& bad) {
  if (!ascii::is_token(name)) {
    bad = true;
    context.report("FL0003", at, fmt::format("\"{}\" is not a field name", name), "letters, digits and - only");
    return;
  }
  const auto is_name = [&](std::string_view field) { return ascii::iequals(field, name); };
  if (const auto own = std::ranges::find_if(kServerFields, is_name); own != kServerFields.end()) {
    bad = true;
    context.report("FL0003", at, fmt::format("{} cannot be set or removed here: every response has it once", *own),
                   *own == "Server" ? "server.server_header names the server; \"\" sends none"
                                    : "remove it; flared writes this field itself");
    return;
  }
  const auto framing = std::ranges::find_if(kFramingFields, is_name);
  if (framing == kFramingFields.end()) return;
  bad = true;
  context.report("FL0003", at, fmt::format("{} cannot be set or removed: it frames the response", *framing),
                 "remove it; flared writes this field itself");
}

using FieldsSet = std::vector<HeaderSetting>;
using FieldsUnset = std::vector<Value<std::string>>;

void apply_fields(const LoadContext& context, FieldsSet& set, FieldsUnset& unset, const Node& table,
                  std::string_view via) {
  const auto forget = [&](const std::string& name) {
    std::erase_if(set, [&](const HeaderSetting& header) { return ascii::iequals(header.name, name); });
    std::erase_if(unset, [&](const Value<std::string>& header) { return ascii::iequals(header.value, name); });
  };
  for (const Node* name : elements(table.find("unset"))) {
    forget(name->text);
    unset.push_back({name->text, context.origin(*name, via)});
  }
  const Node* fields = table.find("set");
  if (fields == nullptr) return;
  for (const Member& member : fields->members) {
    if (member.value.bad) continue;
    forget(member.key);
    set.push_back({member.key, {{member.value.text, member.value.secret}, context.origin(member.value, via)}});
  }
}

void apply_headers(const LoadContext& context, Settings& settings, const Node& headers, std::string_view via) {
  apply_fields(context, settings.headers_set, settings.headers_unset, headers, via);
  if (const Node* security = headers.find("security")) {
    const auto preset = security->text == "strict"  ? SecurityHeaders::kStrict
                        : security->text == "basic" ? SecurityHeaders::kBasic
                                                    : SecurityHeaders::kOff;
    settings.security = {preset, context.origin(*security, via)};
  }
  if (const Node* request = headers.find("request"))
    apply_fields(context, settings.request_set, settings.request_unset, *request, via);
}

void apply_rates(const LoadContext& context, Settings& settings, const Node& rates, std::string_view via) {
  settings.rates = {{}, context.origin(rates, via)};
  auto& names = settings.rates.value;
  for (const Node* name : elements(&rates)) {
    if (std::ranges::find(names, name->text) == names.end()) names.push_back(name->text);
  }
}

void apply_cache_control(const LoadContext& context, Settings& settings, const Node& rules, std::string_view via) {
  settings.cache_control = {{}, context.origin(rules, via)};
  for (const Node* rule : elements(&rules)) {
    const Node* match = rule->find("match");
    const Node* value = rule->find("value");
    if (match == nullptr || value == nullptr) continue;
    settings.cache_control.value.push_back({match->text, value->text});
    settings.cache_control.origin.secret |= match->secret || value->secret;
  }
}

void apply_error_pages(const LoadContext& context, Settings& settings, const Node& pages, std::string_view via) {
  for (const Member& member : pages.members) {
    if (member.value.bad) continue;
    std::erase_if(settings.error_pages, [&](const ErrorPage& page) { return page.status == member.key; });
    settings.error_pages.push_back(
        {member.key, context.resolve(member.value.at, member.value.text), context.origin(member.value, via)});
  }
}

/// "text/html", "text/*"
bool is_media_range(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const std::string_view subtype = text.substr(slash + 1);
  return text[0] != '*' && ascii::is_token(text.substr(0, slash)) && ascii::is_token(subtype) &&
         (subtype == "*" || !subtype.contains('*'));
}

/// "404", "4xx"
bool is_error_status(std::string_view text) {
  if (text == "4xx" || text == "5xx") return true;
  return text.size() == 3 && (text[0] == '4' || text[0] == '5') && ascii::is_digit(text[1]) && ascii::is_digit(text[2]);
}

void check_cache_rule(LoadContext& context, Node& rule) {
  if (Member* match = rule.member("match"); match != nullptr && match->value.kind == Node::Kind::kString) {
    if (const auto glob = Glob::parse(match->value.text); !glob && !match->value.bad) {
      match->value.bad = true;
      context.report("FL0003", match->value.at, fmt::format("{} is no pattern: {}", shown(match->value), glob.error()),
                     "such as \"*.html\", \"assets/**\" or \"*-[0-9a-f]*.{js,css}\"");
    }
  }
  if (Member* value = rule.member("value"); value != nullptr && value->value.kind == Node::Kind::kString) {
    if (value->value.bad || (is_field_value(value->value.text) && !value->value.text.empty())) return;
    value->value.bad = true;
    context.report("FL0003", value->value.at, "the value of cache_control cannot be sent in a field",
                   "directives such as \"public, max-age=3600\"; no line breaks, no blanks at its ends");
  }
}

}  // namespace

void check_answers(LoadContext& context, Node& table) {
  if (Member* rules = table.member("cache_control")) {
    for (Node& rule : rules->value.items) check_cache_rule(context, rule);
  }
  Member* pages = table.member("error_pages");
  if (pages == nullptr) return;
  for (Member& member : pages->value.members) {
    if (is_error_status(member.key)) continue;
    member.value.bad = true;
    context.report("FL0003", member.key_at, fmt::format("\"{}\" is no status of an error", member.key),
                   "write \"404\", or \"4xx\" and \"5xx\" for all that have no page of their own");
  }
}

void check_compress(LoadContext& context, Node& table) {
  Member* compress = table.member("compress");
  if (compress == nullptr || compress->value.kind != Node::Kind::kTable) return;
  for (const std::string_view name : {"encodings", "types"}) {
    Member* list = compress->value.member(name);
    if (list == nullptr || list->value.kind != Node::Kind::kArray || !list->value.items.empty()) continue;
    list->value.bad = true;
    context.report("FL0003", list->value.at, fmt::format("\"{}\" is empty: nothing would be compressed", name),
                   "leave it out for the default, or write compress = false");
  }
  Member* types = compress->value.member("types");
  if (types == nullptr) return;
  const auto check = [&](Node& node) {
    if (node.kind != Node::Kind::kString || node.bad || is_media_range(node.text)) return;
    node.bad = true;
    context.report("FL0003", node.at, fmt::format("{} is not a media type", shown(node)),
                   "write \"application/json\", or \"text/*\" for all of a kind; no parameters");
  };
  check(types->value);
  for (Node& item : types->value.items) check(item);
}

void apply_compress(const LoadContext& context, CompressSettings& compress, const Node& table, std::string_view via) {
  const Node* from = table.find("compress");
  if (from == nullptr) return;
  if (from->kind == Node::Kind::kBoolean) {
    compress.on = {from->boolean, context.origin(*from, via)};
    return;
  }
  compress.on = {true, context.origin(*from, via)};
  if (const Node* encodings = from->find("encodings")) {
    compress.encodings = {{}, context.origin(*encodings, via)};
    for (const Node* node : elements(encodings)) {
      const auto coding = http::parse_content_coding(node->text);
      auto& list = compress.encodings.value;
      if (coding && std::ranges::find(list, *coding) == list.end()) list.push_back(*coding);
    }
  }
  if (const Node* size = from->find("min_size"))
    compress.min_size = {parse_size(size->text).value_or(0), context.origin(*size, via)};
  if (const Node* types = from->find("types")) {
    compress.types = {{}, context.origin(*types, via)};
    for (const Node* node : elements(types)) compress.types.value.push_back(node->text);
  }
  if (const Node* streams = from->find("streams")) compress.streams = {streams->integer, context.origin(*streams, via)};
}

namespace {

/// What upstream servers are told of the client is not for headers.request.
void check_request_name(LoadContext& context, std::string_view name, const Location& at, bool& bad) {
  check_name(context, name, at, bad);
  constexpr std::array<std::string_view, 9> kMadeAnew{
      "Forwarded",         "Host",     "Max-Forwards", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Port",
      "X-Forwarded-Proto", "X-Real-IP"};
  const auto is_name = [&](std::string_view field) { return ascii::iequals(field, name); };
  if (bad || std::ranges::none_of(kMadeAnew, is_name)) return;
  bad = true;
  context.report("FL0003", at, fmt::format("{} cannot be set or removed here: flared makes it anew for each hop", name),
                 ascii::iequals(name, "Host") ? "proxy.host chooses it" : "remove it");
}

using CheckName = void (*)(LoadContext&, std::string_view, const Location&, bool&);

void check_fields(LoadContext& context, Node& table, CheckName check_one) {
  if (Member* names = table.member("unset")) {
    const auto check = [&](Node& node) {
      if (node.kind == Node::Kind::kString && !node.bad) check_one(context, node.text, node.at, node.bad);
    };
    check(names->value);
    for (Node& item : names->value.items) check(item);
  }
  Member* set = table.member("set");
  if (set == nullptr) return;
  for (Member& member : set->value.members) {
    check_one(context, member.key, member.key_at, member.value.bad);
    if (member.value.bad || is_field_value(member.value.text)) continue;
    member.value.bad = true;
    context.report("FL0003", member.value.at, fmt::format("the value of {} cannot be sent in a field", member.key),
                   "no line breaks or control characters, no blanks at its ends");
  }
}

}  // namespace

void check_headers(LoadContext& context, Node& table) {
  Member* headers = table.member("headers");
  if (headers == nullptr || headers->value.kind != Node::Kind::kTable) return;
  check_fields(context, headers->value, check_name);
  Member* request = headers->value.member("request");
  if (request != nullptr && request->value.kind == Node::Kind::kTable)
    check_fields(context, request->value, check_request_name);
}

void apply_limits(const LoadContext& context, LimitSettings& limits, const Node& table, std::string_view via) {
  const Node* from = table.find("limits");
  if (from == nullptr) return;
  http::Limits& values = limits.values;
  const auto take = [&](Limit limit, auto& target, auto convert) {
    const Node* node = from->find(kLimitNames[static_cast<std::size_t>(limit)]);
    if (node == nullptr) return;
    target = static_cast<std::remove_reference_t<decltype(target)>>(convert(*node));
    limits.origin(limit) = context.origin(*node, via);
  };
  const auto size = [](const Node& node) { return parse_size(node.text).value_or(0); };
  const auto byte_rate = [](const Node& node) { return parse_byte_rate(node.text).value_or(0); };
  const auto count = [](const Node& node) { return node.integer; };
  const auto duration = [](const Node& node) {
    return parse_duration(node.text).value_or(std::chrono::milliseconds::zero());
  };
  take(Limit::kHeaderBytes, values.header_bytes, size);
  take(Limit::kHeaderCount, values.header_count, count);
  take(Limit::kUriBytes, values.uri_bytes, size);
  take(Limit::kBody, values.body, size);
  take(Limit::kHeaderTimeout, values.header_timeout, duration);
  take(Limit::kBodyIdle, values.body_idle, duration);
  take(Limit::kWriteIdle, values.write_idle, duration);
  take(Limit::kMinRate, values.min_rate, byte_rate);
  take(Limit::kBandwidth, values.bandwidth, byte_rate);
  take(Limit::kKeepaliveIdle, values.keepalive_idle, duration);
  take(Limit::kKeepaliveRequests, values.keepalive_requests, count);
  take(Limit::kKeepaliveAge, values.keepalive_age, duration);
  take(Limit::kConnections, values.connections, count);
  take(Limit::kPerIp, values.per_ip, count);
}

void apply_settings(const LoadContext& context, Settings& settings, const Node& table, std::string_view via) {
  apply_limits(context, settings.limits, table, via);
  if (const Node* headers = table.find("headers")) apply_headers(context, settings, *headers, via);
  if (const Node* rules = table.find("cache_control")) apply_cache_control(context, settings, *rules, via);
  if (const Node* pages = table.find("error_pages")) apply_error_pages(context, settings, *pages, via);
  apply_compress(context, settings.compress, table, via);
  apply_access(context, settings.access, table, via);
  apply_auth(context, settings.auth, table, via);
  apply_cors(context, settings.cors, table, via);
  if (const Node* rates = table.find("rate")) apply_rates(context, settings, *rates, via);
  if (const Node* hsts = table.find("hsts")) settings.hsts = {parse_duration(hsts->text), context.origin(*hsts, via)};
  if (const Node* log = table.find("log")) settings.log = {log->boolean, context.origin(*log, via)};
}

std::vector<UsedPreset> used_presets(LoadContext& context, const Node& document, const Node& table,
                                     std::vector<std::string_view>& used) {
  std::vector<UsedPreset> presets;
  const Node* defined = document.find("preset");
  for (const Node* name : elements(table.find("use"))) {
    const Member* preset = defined == nullptr ? nullptr : defined->member(name->text);
    if (preset != nullptr) {
      used.push_back(preset->key);
      presets.push_back({preset->key, &preset->value});
      continue;
    }
    std::vector<std::string_view> names;
    if (defined != nullptr) {
      for (const Member& member : defined->members) names.push_back(member.key);
    }
    std::string help = did_you_mean(name->text, names);
    if (!help.empty()) help += ' ';
    help += names.empty() ? std::string("no preset is defined: add [preset.NAME]") : "defined: " + quoted_list(names);
    context.report("FL0201", name->at, fmt::format("there is no preset {}", shown(*name)), help);
  }
  return presets;
}

}  // namespace flare::server::config
