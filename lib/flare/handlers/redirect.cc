#include "flare/handlers/redirect.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "flare/base/ascii.h"
#include "flare/base/quote.h"
#include "flare/handlers/uri_text.h"
#include "flare/http/path.h"

namespace flare::handlers {
namespace {

using http::Request;
using http::Response;
using http::Status;

[[noreturn]] void refuse(std::string_view target, const std::string& why) {
  throw RedirectError("redirect to " + quote(target) + ": " + why);
}

/// As the request's path spells it: canonical, not decoded.
std::string_view encoded_param(const Request& request, std::string_view name) noexcept {
  const auto params = request.params();
  const auto found = std::ranges::find(params, name, &Request::Param::name);
  return found == params.end() ? std::string_view() : request.path().substr(found->offset, found->length);
}

bool is_redirect_status(Status status) noexcept {
  constexpr std::array kRedirects = {Status::kMovedPermanently, Status::kFound, Status::kSeeOther,
                                     Status::kTemporaryRedirect, Status::kPermanentRedirect};
  return std::ranges::find(kRedirects, status) != kRedirects.end();
}

bool starts_safely(std::string_view target) noexcept {
  return std::ranges::any_of(std::array<std::string_view, 4>{"/", "http://", "https://", "{path}"},
                             [target](std::string_view start) { return target.starts_with(start); });
}

/// Whether what stands between "//" and the path is the operator's, or the request's own host.
bool has_safe_authority(std::string_view target) noexcept {
  const std::size_t scheme = target.starts_with("http") ? target.find(':') + 1 : 0;
  std::string_view rest = target.substr(scheme);
  if (!rest.starts_with("//")) return true;
  rest.remove_prefix(2);
  while (!rest.empty()) {
    if (std::string_view("/?#").contains(rest.front()) || rest.starts_with("{path}") || rest.starts_with("{query}"))
      break;
    if (rest.starts_with("{host}")) {
      rest.remove_prefix(std::string_view("{host}").size());
    } else if (rest.front() == '{') {
      return false;
    } else {
      rest.remove_prefix(1);
    }
  }
  return true;
}

}  // namespace

Redirect::Redirect(std::string_view target, Status status) : status_(status), network_path_(target.starts_with("//")) {
  if (!is_redirect_status(status)) {
    refuse(target, "status " + std::to_string(code(status)) + " is not 301, 302, 303, 307 or 308");
  }
  if (!starts_safely(target)) refuse(target, R"(write a path, or a URL with "http://" or "https://")");
  if (!has_safe_authority(target)) refuse(target, "the only placeholder that may stand in a host is {host}");
  for (std::string_view rest = target; !rest.empty();) {
    if (rest.front() == '{') {
      const std::size_t end = rest.find('}');
      if (end == std::string_view::npos) refuse(target, "\"{\" without \"}\"");
      pieces_.push_back(placeholder(target, rest.substr(1, end - 1)));
      rest.remove_prefix(end + 1);
    } else {
      const std::string_view literal = rest.substr(0, rest.find('{'));
      if (!is_uri_text(literal)) refuse(target, "a byte that no URI has: write it as a triplet (\"%20\")");
      pieces_.push_back({PieceKind::kLiteral, std::string(literal)});
      rest.remove_prefix(literal.size());
    }
  }
}

Redirect::Piece Redirect::placeholder(std::string_view target, std::string_view name) {
  constexpr std::string_view kParam = "param.";
  if (name == "path") return {PieceKind::kPath, {}};
  if (name == "tail") return {PieceKind::kTail, {}};
  if (name == "query") return {PieceKind::kQuery, {}};
  if (name == "host") return {PieceKind::kHost, {}};
  if (name.starts_with(kParam) && name.size() > kParam.size()) {
    return {PieceKind::kParam, std::string(name.substr(kParam.size()))};
  }
  refuse(target, "unknown placeholder " + quote('{' + std::string(name) + '}') +
                     ": there are {path}, {tail}, {query}, {host} and {param.NAME}");
}

std::vector<std::string_view> Redirect::param_names() const {
  std::vector<std::string_view> names;
  for (const Piece& piece : pieces_) {
    if (piece.kind == PieceKind::kParam) names.push_back(piece.text);
  }
  return names;
}

bool Redirect::append(std::string& out, const Piece& piece, const Request& request) {
  switch (piece.kind) {
    case PieceKind::kLiteral: out += piece.text; return true;
    case PieceKind::kPath:
      if (!request.raw_path().starts_with('/')) out += '/';  // OPTIONS *
      append_uri_text(out, request.raw_path());
      return true;
    case PieceKind::kTail: append_uri_text(out, request.tail()); return true;
    case PieceKind::kParam: append_uri_text(out, encoded_param(request, piece.text)); return true;
    case PieceKind::kQuery:
      if (request.head().has_query) append_uri_text(out += '?', request.query());
      return true;
    case PieceKind::kHost: {
      std::string scratch;
      const std::string_view host = http::normalize_host(request.authority(), scratch);
      append_uri_text(out, host);
      return !host.empty();
    }
  }
  return false;
}

Response Redirect::operator()(const Request& request) const {
  std::string location;
  for (const Piece& piece : pieces_) {
    if (!append(location, piece, request)) return error_response(Status::kBadRequest, Reason::kMissingHost);
  }
  const std::size_t slashes = std::min(location.find_first_not_of('/'), location.size());
  if (!network_path_ && slashes > 1) location.erase(1, slashes - 1);  // "//host" would name another server
  return http::redirect(location, status_);
}

}  // namespace flare::handlers
