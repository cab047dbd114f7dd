#include "flare/http/forwarded.h"

#include <algorithm>
#include <optional>
#include <ranges>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/numbers.h"

namespace flare::http {
namespace {

constexpr std::string_view kForwardedFor = "X-Forwarded-For";
constexpr std::string_view kForwarded = "Forwarded";

/// Takes the last member off a list; nullopt where its end cannot be told.
using TakeLast = std::optional<std::string_view> (*)(std::string_view& list) noexcept;
/// The address that a member names.
using NodeOf = std::optional<net::IpAddr> (*)(std::string_view member) noexcept;

// ---- node: an address, perhaps with a port (RFC 7239 §6)

bool is_port(std::string_view text) noexcept {
  if (text.starts_with('_')) {  // obfport
    const auto is_obfuscated = [](char c) { return ascii::is_alnum(c) || c == '.' || c == '_' || c == '-'; };
    return text.size() > 1 && std::ranges::all_of(text, is_obfuscated);
  }
  return text.size() <= 5 && parse_decimal<std::uint16_t>(text);
}

/// IPv4 [":" port] or "[" IPv6 "]" [":" port].
std::optional<net::IpAddr> parse_node(std::string_view text) noexcept {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = std::min(text.find(bracketed ? ']' : ':'), text.size());
  const auto address = net::IpAddr::try_parse(bracketed ? text.substr(1, end - 1) : text.substr(0, end));
  if (!address || address->is_v6() != bracketed || address->is_unspecified()) return std::nullopt;
  if (bracketed && end == text.size()) return std::nullopt;
  const std::string_view rest = text.substr(end + (bracketed ? 1 : 0));
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  return address->unmapped();
}

// ---- X-Forwarded-For: nodes and commas, and IPv6 often without brackets

std::optional<std::string_view> take_last_of_plain(std::string_view& list) noexcept {
  const std::size_t comma = list.rfind(',');
  const std::string_view member = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return member;
}

std::optional<net::IpAddr> node_of_plain(std::string_view member) noexcept {
  const auto address = net::IpAddr::try_parse(member);
  if (!address) return parse_node(member);
  if (address->is_unspecified()) return std::nullopt;
  return address->unmapped();
}

// ---- Forwarded: elements of pairs, whose values may be quoted strings with commas in them

/// Where the quoted-string that ends behind `text` begins: at the next quote to the left that no backslash escapes.
std::optional<std::size_t> opening_quote(std::string_view text) noexcept {
  for (;;) {
    const std::size_t quote = text.rfind('"');
    if (quote == std::string_view::npos) return std::nullopt;
    text = text.substr(0, quote);
    const std::size_t last_other = text.find_last_not_of('\\');
    const std::size_t backslashes = last_other == std::string_view::npos ? quote : quote - last_other - 1;
    if (backslashes % 2 == 0) return quote;
  }
}

/// From the right: what a client wrote further left, a quote without its partner for one, cannot change what it means.
std::optional<std::string_view> take_last_element(std::string_view& list) noexcept {
  std::size_t at = list.size();
  while (at != 0 && list[at - 1] != ',') {
    --at;
    if (list[at] != '"') continue;
    const auto opening = opening_quote(list.substr(0, at));
    if (!opening) return std::nullopt;
    at = *opening;
  }
  const std::string_view element = list.substr(at);
  list = list.substr(0, at == 0 ? 0 : at - 1);
  return element;
}

/// token / quoted-string off the front of `text`. The content of a quoted-string is given as it stands: escapes have no
/// place in what we look for.
std::optional<std::string_view> take_value(std::string_view& text) noexcept {
  if (!text.starts_with('"')) {
    const auto end = static_cast<std::size_t>(std::ranges::find_if_not(text, ascii::is_token_char) - text.begin());
    const std::string_view token = text.substr(0, end);
    text.remove_prefix(end);
    return token.empty() ? std::nullopt : std::optional(token);
  }
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '"') {
      const std::string_view content = text.substr(1, at - 1);
      text.remove_prefix(at + 1);
      return content;
    }
  }
  return std::nullopt;
}

/// The `for` of [ pair ] *( ";" [ pair ] ), RFC 7239 §4, where it stands once and names an address.
std::optional<net::IpAddr> node_of_element(std::string_view element) noexcept {
  std::optional<std::string_view> node;
  for (;;) {
    if (!element.empty() && element.front() != ';') {
      const auto name = element.front() == '"' ? std::nullopt : take_value(element);
      if (!name || !element.starts_with('=')) return std::nullopt;
      element.remove_prefix(1);
      const auto value = take_value(element);
      if (!value) return std::nullopt;
      if (ascii::iequals(*name, "for")) {
        if (node) return std::nullopt;
        node = value;
      }
    }
    if (element.empty()) break;
    if (element.front() != ';') return std::nullopt;
    element.remove_prefix(1);
  }
  return node ? parse_node(*node) : std::nullopt;
}

// ---- both

struct List {
  std::string_view name;
  TakeLast take_last;
  NodeOf node_of;
};

constexpr List kLists[] = {{kForwardedFor, take_last_of_plain, node_of_plain},
                           {kForwarded, take_last_element, node_of_element}};

/// Calls visit(member, node) from right to left over all field lines, until it gives false or a member is no address.
template <class Visit>
void walk(Fields fields, const List& of, Visit&& visit) noexcept {
  for (const Field& field : std::views::reverse(fields)) {
    if (!ascii::iequals(field.name, of.name)) continue;
    for (std::string_view list = field.value; !list.empty();) {
      const auto member = of.take_last(list);
      if (!member) return;
      const std::string_view text = ascii::trim(*member);
      if (text.empty()) continue;  // RFC 9110 §5.6.1.2
      const auto node = of.node_of(text);
      if (!node || !visit(text, *node)) return;
    }
  }
}

}  // namespace

net::IpAddr forwarded_client(Fields fields, const net::IpAddr& peer, const net::PeerSet& trusted) noexcept {
  net::IpAddr client = peer;
  const bool plain = fields.contains(kForwardedFor);
  walk(fields, kLists[plain ? 0 : 1], [&](std::string_view, const net::IpAddr& node) {
    client = node;
    return trusted.contains(node);
  });
  return client;
}

VouchedMembers vouched_members(Fields fields, ForwardedField which, const net::IpAddr& client) noexcept {
  VouchedMembers found;
  bool reached = false;
  walk(fields, kLists[which == ForwardedField::kXForwardedFor ? 0 : 1], [&](std::string_view text, const auto& node) {
    found.members[found.count++] = text;
    reached = node == client;
    return !reached && found.count < VouchedMembers::kMost;
  });
  if (!reached && found.count < VouchedMembers::kMost) found.count = 0;
  std::reverse(found.members.begin(), found.members.begin() + static_cast<std::ptrdiff_t>(found.count));
  return found;
}

std::string_view forwarded_scheme(Fields fields) noexcept {
  std::string_view scheme;
  bool seen = false;
  for (const Field& field : fields) {
    if (!ascii::iequals(field.name, "X-Forwarded-Proto")) continue;
    if (std::exchange(seen, true)) return {};
    for (const std::string_view known : {std::string_view("http"), std::string_view("https")}) {
      if (ascii::iequals(field.value, known)) scheme = known;
    }
  }
  return scheme;
}

}  // namespace flare::http
