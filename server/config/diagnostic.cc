#include "server/config/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

namespace flare::server::config {
namespace {

std::string_view to_string(Severity severity) {
  switch (severity) {
    case Severity::kError: return "error";
    case Severity::kWarning: return "warning";
  }
  return "";
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::ranges::count_if(utf8, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string where(const Place& place) {
  if (place.line == 0) return place.file.empty() ? "flared" : place.file;
  return fmt::format("{}:{}:{}", place.file, place.line, place.column);
}

// Tabs become one space each: the caret then stands under the right character whatever the terminal's tab width.
void append_snippet(std::string& out, const Place& place) {
  if (place.line == 0 || place.line_text.empty()) return;
  std::string line = place.line_text;
  std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  const std::size_t width = characters(line);
  const std::size_t start = std::min<std::size_t>(place.column == 0 ? 0 : place.column - 1, width);
  const std::size_t length = std::clamp<std::size_t>(place.length, 1, std::max<std::size_t>(width - start, 1));
  out += fmt::format("{:5} | {}\n      | {:>{}}{:~>{}}\n", place.line, line, '^', start + 1, "", length - 1);
}

nlohmann::ordered_json place_json(const Place& place) {
  return {{"file", place.file}, {"line", place.line}, {"column", place.column}, {"length", place.length}};
}

}  // namespace

void Diagnostics::add(Diagnostic diagnostic) {
  const bool error = diagnostic.severity == Severity::kError;
  std::size_t& count = error ? errors_ : warnings_;
  if (count >= kMaxErrors) {
    ++suppressed_;
    return;
  }
  ++count;
  all_.push_back(std::move(diagnostic));
}

void Diagnostics::sort(const SourceSet& sources) {
  const auto file_index = [&](const Place& place) {
    const auto& files = sources.files();
    return std::ranges::find(files, place.file, &SourceFile::name) - files.begin();
  };
  std::vector<std::tuple<std::ptrdiff_t, std::uint32_t, std::uint32_t, std::size_t>> order;
  for (const Diagnostic& diagnostic : all_) {
    order.emplace_back(file_index(diagnostic.place), diagnostic.place.line, diagnostic.place.column, order.size());
  }
  std::ranges::sort(order);
  std::vector<Diagnostic> sorted;
  for (const auto& entry : order) sorted.push_back(std::move(all_[std::get<3>(entry)]));
  all_ = std::move(sorted);
}

void Diagnostics::redact(std::string_view secret) {
  constexpr std::size_t kShortest = 4;  // shorter ones would garble the words around them
  if (secret.size() < kShortest) return;
  const auto clean = [secret](std::string& text) {
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3)) {
      text.replace(at, secret.size(), "***");
    }
  };
  for (Diagnostic& diagnostic : all_) {
    clean(diagnostic.message);
    clean(diagnostic.help);
    for (Note& note : diagnostic.notes) clean(note.text);
  }
}

void Diagnostics::promote_warnings() {
  for (Diagnostic& diagnostic : all_) diagnostic.severity = Severity::kError;
  errors_ += warnings_;
  warnings_ = 0;
}

std::string to_text(const Diagnostic& diagnostic) {
  std::string out = fmt::format("{}: {} {}: {}\n", where(diagnostic.place), to_string(diagnostic.severity),
                                diagnostic.id, diagnostic.message);
  append_snippet(out, diagnostic.place);
  for (const Note& note : diagnostic.notes) {
    out += note.place.line == 0 ? fmt::format("note: {}\n", note.text)
                                : fmt::format("{}: note: {}\n", where(note.place), note.text);
    append_snippet(out, note.place);
  }
  if (!diagnostic.help.empty()) out += fmt::format("help: {}\n", diagnostic.help);
  return out;
}

std::string to_text(const Diagnostics& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics.all()) out += to_text(diagnostic);
  if (diagnostics.suppressed() != 0) {
    out += fmt::format("flared: {} more not shown: correct these {} first\n", diagnostics.suppressed(),
                       Diagnostics::kMaxErrors);
  }
  return out;
}

std::string to_json(const Diagnostics& diagnostics) {
  auto list = nlohmann::ordered_json::array();
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    nlohmann::ordered_json entry{{"id", diagnostic.id}, {"severity", to_string(diagnostic.severity)}};
    entry.update(place_json(diagnostic.place));
    entry["message"] = diagnostic.message;
    entry["notes"] = nlohmann::ordered_json::array();
    for (const Note& note : diagnostic.notes) {
      nlohmann::ordered_json item = place_json(note.place);
      item["message"] = note.text;
      entry["notes"].push_back(std::move(item));
    }
    entry["help"] = diagnostic.help;
    list.push_back(std::move(entry));
  }
  const nlohmann::ordered_json report{{"ok", !diagnostics.has_errors()},
                                      {"errors", diagnostics.errors()},
                                      {"warnings", diagnostics.warnings()},
                                      {"suppressed", diagnostics.suppressed()},
                                      {"diagnostics", std::move(list)}};
  return report.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

Diagnostic cannot_bind(Place place, std::string_view address, std::string_view error, std::string_view holder) {
  Diagnostic diagnostic{.id = "FL0501", .place = std::move(place)};
  diagnostic.message = fmt::format("cannot listen on {}: {}", address, error);
  if (!holder.empty()) {
    diagnostic.message += fmt::format(" by {}", holder);
    diagnostic.help = fmt::format("stop {} or choose another address", holder);
  } else {
    diagnostic.help = "choose another address; ports below 1024 need root or CAP_NET_BIND_SERVICE";
  }
  return diagnostic;
}

}  // namespace flare::server::config
