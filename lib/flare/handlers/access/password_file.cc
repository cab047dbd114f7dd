#include "flare/handlers/access/password_file.h"

#include <crypt.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

#include "flare/base/ascii.h"

namespace flare::handlers {
namespace {

constexpr std::size_t kMaxFile = 16U << 20;
constexpr std::array<std::string_view, 5> kMethods{"$2b$", "$2y$", "$2a$", "$5$", "$6$"};

[[noreturn]] void fail_line(const std::string& name, std::size_t line, const char* what) {
  throw PasswordFileError(name + ":" + std::to_string(line) + ": " + what);
}

/// What crypt(3) makes of them; "" where it refuses. crypt_data holds what the password passed through.
std::string hash_password(const char* password, const char* setting) {
  const auto data = std::make_unique<crypt_data>();
  const char* const hash = ::crypt_rn(password, setting, data.get(), sizeof(crypt_data));
  std::string copy = hash == nullptr ? "" : hash;
  OPENSSL_cleanse(data.get(), sizeof(crypt_data));
  return copy;
}

bool is_known_method(std::string_view hash) {
  return std::ranges::any_of(kMethods, [hash](std::string_view method) { return hash.starts_with(method); });
}

/// As long as the method's results are: a hash that was cut off would match nothing, silently.
bool is_whole(const std::string& hash) {
  constexpr std::size_t kBcrypt = 60, kSha256 = 43, kSha512 = 86;
  if (hash.starts_with("$2")) return hash.size() == kBcrypt;
  return hash.size() - hash.rfind('$') - 1 == (hash.starts_with("$5$") ? kSha256 : kSha512);
}

}  // namespace

PasswordFile PasswordFile::parse(std::string_view text, const std::string& name) {
  PasswordFile file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = ascii::trim(text.substr(0, end).substr(0, text.substr(0, end).find('\r')));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.starts_with('#')) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) fail_line(name, number, "expected NAME:HASH");
    const std::string_view after = line.substr(colon + 1);
    std::string hash(after.substr(0, after.find(':')));  // what follows is a comment, as in passwd(5)
    if (!is_known_method(hash)) {
      fail_line(
          name, number,
          "not a bcrypt ($2b$, $2y$) or sha-crypt ($5$, $6$) hash: make one with 'htpasswd -B' or 'openssl passwd -6'");
    }
    if (!is_whole(hash)) fail_line(name, number, "the hash is not whole");
    if (!file.hashes_.emplace(line.substr(0, colon), std::move(hash)).second)
      fail_line(name, number, "this user stands in the file twice");
  }
  return file;
}

PasswordFile PasswordFile::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> chunk;
  while (in && text.size() <= kMaxFile) {
    in.read(chunk.data(), chunk.size());
    text.append(chunk.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (!in.eof() && text.size() <= kMaxFile) {
    const int error = errno;
    throw PasswordFileError(path + ": cannot be read: " + std::string(std::strerror(error)));
  }
  if (text.size() > kMaxFile) throw PasswordFileError(path + ": larger than 16 MiB");
  return parse(text, path);
}

bool PasswordFile::verify(std::string_view user, std::string_view password) const {
  if (hashes_.empty() || password.size() >= CRYPT_MAX_PASSPHRASE_SIZE || password.contains('\0')) return false;
  const auto found = hashes_.find(user);
  const std::string& expected = found == hashes_.end() ? hashes_.begin()->second : found->second;
  std::string secret(password);
  const std::string got = hash_password(secret.c_str(), expected.c_str());
  OPENSSL_cleanse(secret.data(), secret.size());
  const bool same = got.size() == expected.size() && CRYPTO_memcmp(got.data(), expected.data(), got.size()) == 0;
  return same && found != hashes_.end();
}

}  // namespace flare::handlers
