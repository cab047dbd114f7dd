// The route table against rule M5 read literally: all routes that match, compared segment by segment.
// Input: lines. A line that begins with a letter of kMethods is a route (method, then pattern, where ":i", ":u", ":h",
// ":s" as a parameter's first letters give its type); any other line is a path to look up with each method.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/http/path.h"
#include "flare/http/route_table.h"

namespace {

using namespace flare::http;

struct NamedMethod {
  char letter;
  std::string_view token;
};
constexpr NamedMethod kMethods[] = {{'G', "GET"}, {'H', "HEAD"}, {'P', "POST"}, {'X', "PURGE"}, {'A', ""}};

void require(bool condition) {
  if (!condition) std::abort();
}

std::optional<std::string_view> method_of(char letter) {
  for (const auto& [known, token] : kMethods) {
    if (known == letter) return token;
  }
  return std::nullopt;
}

std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    segments.push_back(path.substr(1, end - 1));
    path.remove_prefix(end);
  }
  return segments;
}

/// One route as the reference sees it.
struct Plain {
  RoutePattern pattern;
  std::string_view method;

  [[nodiscard]] bool matches(std::string_view path) const {
    const auto segments = split(path);
    const auto mine = pattern.segments();
    for (std::size_t i = 0; i < mine.size(); ++i) {
      if (mine[i].kind == SegmentKind::kTail) return true;
      if (i == segments.size()) return false;
      if (mine[i].kind == SegmentKind::kLiteral ? mine[i].text != segments[i]
                                                : !segment_fits(mine[i].kind, segments[i])) {
        return false;
      }
    }
    return mine.size() == segments.size();
  }
  [[nodiscard]] bool takes(std::string_view token) const {
    return method.empty() || method == token || (method == "GET" && token == "HEAD");
  }
  /// Both match the path and take the method: whether this one wins.
  [[nodiscard]] bool beats(const Plain& other, std::string_view token) const {
    const auto mine = pattern.segments();
    const auto theirs = other.pattern.segments();
    for (std::size_t i = 0; i < mine.size() && i < theirs.size(); ++i) {
      if (mine[i].kind != theirs[i].kind) return mine[i].kind < theirs[i].kind;
    }
    if (mine.size() != theirs.size()) return mine.size() < theirs.size();  // "/a" against "/a/**"
    if (method.empty() != other.method.empty()) return other.method.empty();
    return method == token;  // HEAD said against HEAD implied
  }
};

void add(std::vector<Plain>& routes, RouteTable& table, std::string_view method, std::string_view text) {
  auto pattern = RoutePattern::parse(text);
  if (!pattern) return;
  for (const auto& segment : std::vector(pattern->segments().begin(), pattern->segments().end())) {
    if (!is_param(segment.kind)) continue;
    for (std::string_view type : {"int", "uuid", "hex", "slug"}) {
      if (segment.text.front() == type.front()) require(pattern->set_param_type(segment.text, *parse_param_type(type)));
    }
  }
  Route route{.pattern = *pattern, .index = routes.size()};
  if (!method.empty()) route.methods.add(method);
  bool twin = false;
  for (const Plain& other : routes) twin |= other.method == method && same_shape(other.pattern, *pattern);
  require(table.add(std::move(route)).has_value() == twin);
  if (!twin) routes.push_back({std::move(*pattern), method});
}

void check_captures(const Request& request, const RoutePattern& pattern) {
  const auto segments = split(request.path());
  std::size_t next = 0;
  for (std::size_t i = 0; i < pattern.segments().size(); ++i) {
    const auto& segment = pattern.segments()[i];
    if (segment.kind == SegmentKind::kTail) {
      std::string rest;
      for (std::size_t j = i; j < segments.size(); ++j) rest.append(j > i ? "/" : "").append(segments[j]);
      require(request.tail() == rest);
    } else if (is_param(segment.kind)) {
      const Request::Param& param = request.params()[next++];
      require(param.name == segment.text && request.path().substr(param.offset, param.length) == segments[i]);
    } else if (segment.kind == SegmentKind::kAny && i + 1 == pattern.segments().size()) {
      require(request.tail() == segments[i]);
    }
  }
  require(next == request.params().size());
}

void look_up(const std::vector<Plain>& routes, const RouteTable& table, std::string_view path) {
  for (const auto& [letter, token] : kMethods) {
    const std::string head = std::string(token) + " " + std::string(path) + " HTTP/1.1\r\nHost: a\r\n\r\n";
    const Limits limits;
    Request request;
    const auto size = request.parse(head, limits);
    if (!size || *size != head.size()) return;

    const Plain* winner = nullptr;
    bool other_method = false;
    std::size_t candidates = 0;
    for (const Plain& route : routes) {
      if (!route.matches(request.path())) continue;
      require(route.pattern.matches(request.path()));
      ++candidates;
      if (!route.takes(token)) {
        other_method = true;
      } else if (winner == nullptr || route.beats(*winner, token)) {
        winner = &route;
      }
    }
    const RouteMatch match = table.match(request);
    require(table.explain(request).size() == candidates);
    if (winner != nullptr) {
      require(match.verdict == RouteVerdict::kFound && &routes[match.index] == winner);
      check_captures(request, winner->pattern);
    } else {
      require(match.verdict == (other_method ? RouteVerdict::kMethodNotAllowed : RouteVerdict::kNotFound));
      require(request.params().empty() && request.tail().empty());
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::vector<Plain> routes;
  RouteTable table;
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    if (line.empty()) continue;
    if (const auto method = method_of(line.front())) {
      add(routes, table, *method, line.substr(1));
    } else {
      look_up(routes, table, line);
    }
  }
  return 0;
}
