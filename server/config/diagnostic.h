// What is wrong with a configuration: "flare.toml:87:12: error FL0102: ...", with a snippet, notes and help.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/source.h"

namespace flare::server::config {

enum class Severity : unsigned char { kError, kWarning };

struct Note {
  Place place;  ///< line 0: a note without a place
  std::string text;
};

struct Diagnostic {
  std::string_view id;  ///< "FL0102"; static storage
  Severity severity = Severity::kError;
  Place place;
  std::string message;
  std::vector<Note> notes;
  std::string help;  ///< what to do, "" where the message says it all
};

/// Collects what one run finds. Keeps at most kMaxErrors errors and as many warnings; counts the rest.
class Diagnostics {
 public:
  static constexpr std::size_t kMaxErrors = 50;

  void add(Diagnostic diagnostic);
  /// By file, line and column; equal places keep the order in which they were found.
  void sort(const SourceSet& sources);
  /// Replaces `secret` by "***" wherever a message quotes it.
  void redact(std::string_view secret);
  /// --strict: every warning becomes an error.
  void promote_warnings();

  [[nodiscard]] const std::vector<Diagnostic>& all() const noexcept { return all_; }
  [[nodiscard]] std::size_t errors() const noexcept { return errors_; }
  [[nodiscard]] std::size_t warnings() const noexcept { return warnings_; }
  [[nodiscard]] bool has_errors() const noexcept { return errors_ != 0; }
  /// Found but not kept.
  [[nodiscard]] std::size_t suppressed() const noexcept { return suppressed_; }

 private:
  std::vector<Diagnostic> all_;
  std::size_t errors_ = 0;
  std::size_t warnings_ = 0;
  std::size_t suppressed_ = 0;
};

/// For a terminal: one block per diagnostic, each line ended.
std::string to_text(const Diagnostic& diagnostic);
std::string to_text(const Diagnostics& diagnostics);
/// For editors (--json): {"ok", "errors", "warnings", "suppressed", "diagnostics": [...]}.
std::string to_json(const Diagnostics& diagnostics);

/// FL0501, found when a listener binds: `address` as configured, `error` in the system's words, `holder` who has it
/// ("pid 123 (flared)", "" where that is not visible).
Diagnostic cannot_bind(Place place, std::string_view address, std::string_view error, std::string_view holder);

}  // namespace flare::server::config
