// Names and password hashes, as htpasswd and mkpasswd write them: "NAME:HASH" on each line.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "flare/base/exception.h"

namespace flare::handlers {

/// The file is unreadable, or a line of it is not what it should be; what() says where and what to do.
class PasswordFileError : public Exception {
 public:
  using Exception::Exception;
};

/// Hashes are bcrypt ($2b$, $2y$, $2a$) or sha-crypt ($5$, $6$): others are too weak, or unknown, and are refused.
/// Empty lines and those that begin with '#' are skipped. Immutable; any thread may use it at any time.
class PasswordFile {
 public:
  /// Throws PasswordFileError, with `name` for the file's.
  static PasswordFile parse(std::string_view text, const std::string& name);
  /// At most 16 MiB. Blocks; throws PasswordFileError.
  static PasswordFile load(const std::string& path);

  /// Takes as long as the hash was made to take, milliseconds to seconds: not for a reactor. A user that is not there
  /// takes as long as one that is. Passwords over 511 bytes are nobody's, and so are those with a NUL.
  [[nodiscard]] bool verify(std::string_view user, std::string_view password) const;
  [[nodiscard]] std::size_t size() const noexcept { return hashes_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> hashes_;
};

}  // namespace flare::handlers
