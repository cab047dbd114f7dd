#include "flare/handlers/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <memory>

#include "flare/base/ascii.h"
#include "flare/base/utf8.h"

namespace flare::handlers {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kHex = "0123456789ABCDEF";

/// F-4, H-22, H-26: what no request can name is not shown.
bool is_listed(std::string_view name) noexcept {
  return !name.empty() && !name.starts_with('.') &&
         std::ranges::none_of(name, [](char c) { return ascii::is_control(c) || c == '\\'; });
}

/// The length of the UTF-8 character at the front; 0: none stands there.
std::size_t character_size(std::string_view text) noexcept {
  Utf8Checker checker;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!checker.take(text[i])) return 0;
    if (checker.is_complete()) return i + 1;
  }
  return 0;
}

/// Calls take(character) for each UTF-8 character; bytes that are none come as U+FFFD.
template <class Take>
void for_each_character(std::string_view text, Take&& take) {
  while (!text.empty()) {
    const std::size_t size = character_size(text);
    take(size == 0 ? kReplacement : text.substr(0, size));
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

void append_html(std::string& out, std::string_view text) {
  for_each_character(text, [&out](std::string_view character) {
    switch (character.front()) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += character;
    }
  });
}

void append_json(std::string& out, std::string_view text) {
  out += '"';
  for_each_character(text, [&out](std::string_view character) {
    if (character == "\"" || character == "\\") out += '\\';
    out += character;  // names have no controls
  });
  out += '"';
}

/// A path segment (RFC 3986 §3.3), every byte that is not unreserved encoded: also right within an attribute. "./"
/// keeps a name with a colon from being a scheme.
void append_href(std::string& out, std::string_view name) {
  out += "./";
  for (const char c : name) {
    if (ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

/// "2026-01-31T12:59:00Z"
std::string rfc3339(std::time_t when) {
  namespace chrono = std::chrono;
  const auto time = chrono::sys_seconds(chrono::seconds(when));
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(time - day);
  std::array<char, 40> text{};
  const int size = std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02dZ", int(date.year()),
                                 unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                                 int(clock.minutes().count()), int(clock.seconds().count()));
  return {text.data(), static_cast<std::size_t>(size)};
}

bool comes_before(const ListedName& a, const ListedName& b) noexcept {
  return a.is_folder != b.is_folder ? a.is_folder : a.name < b.name;
}

struct CloseFolder {
  void operator()(DIR* folder) const noexcept { ::closedir(folder); }
};

}  // namespace

Result<Listing> read_folder(net::UniqueFd folder, const ListingOptions& options,
                            const std::function<std::optional<struct stat>(const std::string& name)>& look) {
  const std::unique_ptr<DIR, CloseFolder> open(::fdopendir(folder.get()));
  if (!open) return fail_errno(errno);
  const int descriptor = folder.release();  // the stream's own from here on
  Listing listing;
  for (;;) {
    errno = 0;
    const dirent* const found = ::readdir(open.get());
    if (found == nullptr && errno != 0) return fail_errno(errno);
    if (found == nullptr) break;
    const std::string name(found->d_name);
    if (!is_listed(name) || (options.only_utf8 && !is_utf8(name))) continue;
    std::optional<struct stat> status{std::in_place};
    if (::fstatat(descriptor, name.c_str(), &*status, AT_SYMLINK_NOFOLLOW) != 0) continue;  // gone meanwhile
    if (S_ISLNK(status->st_mode)) status = options.with_links ? look(name) : std::nullopt;
    if (!status || (!S_ISREG(status->st_mode) && !S_ISDIR(status->st_mode))) continue;
    listing.names.push_back({.name = name,
                             .is_folder = S_ISDIR(status->st_mode),
                             .size = static_cast<std::uint64_t>(status->st_size),
                             .modified = status->st_mtim.tv_sec});
    std::ranges::push_heap(listing.names, comes_before);
    if (listing.names.size() <= options.most) continue;
    std::ranges::pop_heap(listing.names, comes_before);  // the last of all
    listing.names.pop_back();
    listing.is_cut = true;
  }
  std::ranges::sort_heap(listing.names, comes_before);
  return listing;
}

std::string render_html(const Listing& listing, std::string_view title) {
  std::string out = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>";
  append_html(out, title);
  out += "</title>\n<style>td{padding-right:2em}td+td{text-align:right}</style>\n<h1>";
  append_html(out, title);
  out += "</h1>\n<table>\n";
  if (title != "/") out += "<tr><td><a href=\"../\">../</a><td><td>\n";
  for (const ListedName& item : listing.names) {
    out += "<tr><td><a href=\"";
    append_href(out, item.name);
    out += item.is_folder ? "/\">" : "\">";
    append_html(out, item.name);
    out += item.is_folder ? "/</a><td>" : "</a><td>" + std::to_string(item.size);
    out += "<td>" + rfc3339(item.modified) + "\n";
  }
  out += "</table>\n";
  if (listing.is_cut)
    out += "<p>There is more: only the first " + std::to_string(listing.names.size()) + " are shown.\n";
  return out + "</html>\n";
}

std::string render_json(const Listing& listing) {
  std::string out = "[";
  for (const ListedName& item : listing.names) {
    if (out.size() > 1) out += ",";
    out += "\n{\"name\":";
    append_json(out, item.name);
    out += item.is_folder ? R"(,"type":"folder")" : R"(,"type":"file","size":)" + std::to_string(item.size);
    out += R"(,"modified":")" + rfc3339(item.modified) + "\"}";
  }
  return out + "\n]\n";
}

}  // namespace flare::handlers
