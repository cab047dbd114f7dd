// `flared cert self-signed`: a certificate for development, and the lines that use it.
#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "flare/base/defer.h"
#include "flare/net/ip_addr.h"
#include "flare/net/unique_fd.h"
#include "flare/tls/certificate.h"
#include "flare/tls/self_signed.h"
#include "server/cli/commands.h"
#include "server/config/dump.h"
#include "server/config/host_name.h"

namespace flare::server::cli {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kForAll = 0644;
constexpr mode_t kForOwner = 0600;

ExitCode refuse(ExitCode code, const std::string& text) {
  std::fprintf(stderr, "flared: %s\n", text.c_str());
  return code;
}

ExitCode cannot_write(const fs::path& path, int error) {
  const bool rights = error == EACCES || error == EPERM || error == EROFS;
  return refuse(rights ? ExitCode::kPermission : ExitCode::kResource,
                fmt::format("cannot write {}: {}", path.string(), std::generic_category().message(error)));
}

/// errno, or 0. Whoever reads `path` meanwhile finds the old file or the new one, whole.
int write_file(const fs::path& path, const std::string& text, mode_t mode) {
  const fs::path fresh = path.string() + ".new";
  ::unlink(fresh.c_str());
  const net::UniqueFd file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return errno;
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(file.get(), text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0 ? EIO : errno;
    written += static_cast<std::size_t>(count);
  }
  // The umask plays no part: the certificate is public, the key is its owner's.
  if (::fchmod(file.get(), mode) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0) return errno;
  return 0;
}

/// "*.example.com" lives in certs/example.com.
fs::path default_folder(const std::string& name) {
  return fs::path("certs") / (name.starts_with("*.") ? name.substr(2) : name);
}

}  // namespace

ExitCode run(const SelfSign& command) {
  std::vector<std::string> names;
  for (const std::string& name : command.names) {
    auto normal = net::IpAddr::try_parse(name) ? name : config::normalize_host_name(name);
    if (!normal) return refuse(ExitCode::kUsage, fmt::format("\"{}\" {}", name, normal.error()));
    if (*normal == "_") return refuse(ExitCode::kUsage, "\"_\" stands for any name, a certificate needs its own");
    names.push_back(std::move(*normal));
  }
  tls::SelfSigned made;
  const Defer wipe([&made] { OPENSSL_cleanse(made.key_pem.data(), made.key_pem.size()); });
  try {
    made = tls::make_self_signed(names, std::chrono::days(command.days));
  } catch (const tls::CertificateError& error) {
    return refuse(ExitCode::kUsage, error.what());
  }
  const fs::path folder =
      fs::absolute(command.folder.empty() ? default_folder(names.front()) : fs::path(command.folder));
  const fs::path chain = folder / "fullchain.pem";
  const fs::path key = folder / "privkey.pem";
  for (const fs::path& path : {chain, key}) {
    std::error_code ignored;
    if (!command.force && fs::exists(fs::symlink_status(path, ignored))) {
      return refuse(ExitCode::kUsage, path.string() + " exists; --force replaces it, --out DIR writes elsewhere");
    }
  }
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return cannot_write(folder, error.value());
  if (const int failed = write_file(key, made.key_pem, kForOwner)) return cannot_write(key, failed);
  if (const int failed = write_file(chain, made.chain_pem, kForAll)) return cannot_write(chain, failed);
  std::fprintf(stderr, "flared: for %s, %d days; browsers will warn, for nobody vouches for it but itself\n",
               fmt::format("{}", fmt::join(names, ", ")).c_str(), command.days);
  std::printf("[[tls.cert]]\nchain = %s\nkey = %s\n", config::toml_quote(chain.string()).c_str(),
              config::toml_quote(key.string()).c_str());
  return ExitCode::kOk;
}

}  // namespace flare::server::cli
