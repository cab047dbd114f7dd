// flared certs and flared cert self-signed.
#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "flare/base/defer.h"
#include "flare/base/exception.h"
#include "flare/net/unique_fd.h"
#include "flare/tls/certificate_pool.h"
#include "flare/tls/self_signed.h"
#include "server/cli/commands.h"
#include "server/config/dump.h"
#include "server/config/load.h"
#include "server/counted.h"

namespace flare::server::cli {
namespace {

namespace fs = std::filesystem;

std::string day(tls::Certificate::Time time) { return fmt::format("{:%Y-%m-%d}", fmt::gmtime(time)); }

std::int64_t days_left(const tls::Certificate& certificate) {
  return std::chrono::floor<std::chrono::days>(certificate.not_after() - std::chrono::system_clock::now()).count();
}

/// The certificates of a configuration and who uses which.
class Usage {
 public:
  explicit Usage(const config::Config& config) : config_(config), pool_(members(config)) {}

  /// "www.example.com of [host.www]", for each name that clients reach it under.
  [[nodiscard]] std::vector<std::string> of(const config::TlsCertificate& certificate) const {
    std::vector<std::string> users;
    for (const config::Host& host : config_.hosts) {
      for (const config::HostName& name : host.names) {
        const auto entry = name.name == "_" ? pool_.fallback() : pool_.find(name.name);
        if (!is_secure(host) || !entry) continue;
        for (const auto& each : pool_.entries()[*entry].certificates) {
          if (each == certificate.certificate) users.push_back(fmt::format("{} of [host.{}]", name.name, host.name));
        }
      }
    }
    return users;
  }

 private:
  static std::vector<tls::CertificatePool::Member> members(const config::Config& config) {
    std::vector<tls::CertificatePool::Member> all;
    for (const config::TlsCertificate& each : config.tls.certificates) {
      if (each.certificate != nullptr) all.push_back({.certificate = each.certificate, .is_default = *each.is_default});
    }
    return all;
  }
  [[nodiscard]] bool is_secure(const config::Host& host) const {
    return std::ranges::any_of(config_.listeners, [&host](const config::Listener& listener) {
      return *listener.tls && std::ranges::find(host.listen, listener.name) != host.listen.end();
    });
  }

  const config::Config& config_;
  tls::CertificatePool pool_;
};

std::vector<std::string> all_names(const tls::Certificate& certificate) {
  std::vector<std::string> names = certificate.names();
  for (const net::IpAddr& address : certificate.addresses()) names.push_back(address.to_string());
  return names;
}

void print_certificate(const config::TlsCertificate& each, const Usage& usage) {
  const tls::Certificate& certificate = *each.certificate;
  const std::int64_t left = days_left(certificate);
  const auto users = usage.of(each);
  fmt::print("{}{}\n", each.files.chain, *each.is_default ? "  (default)" : "");
  fmt::print("  names    {}\n", fmt::join(all_names(certificate), ", "));
  fmt::print("  issuer   {}\n", certificate.issuer());
  fmt::print("  key      {} {} bits, {}\n", tls::to_string(certificate.key_type()), certificate.key_bits(),
             each.files.key);
  fmt::print("  expires  {}, {}\n", day(certificate.not_after()),
             "in " + counted(static_cast<std::uint64_t>(std::max<std::int64_t>(left, 0)), "day"));
  fmt::print("  used by  {}\n", users.empty() ? "no host" : fmt::format("{}", fmt::join(users, ", ")));
}

nlohmann::ordered_json to_json(const config::TlsCertificate& each, const Usage& usage) {
  const tls::Certificate& certificate = *each.certificate;
  return {{"chain", each.files.chain},
          {"key", each.files.key},
          {"default", *each.is_default},
          {"names", all_names(certificate)},
          {"subject", certificate.subject()},
          {"issuer", certificate.issuer()},
          {"fingerprint", certificate.fingerprint()},
          {"key_type", tls::to_string(certificate.key_type())},
          {"key_bits", certificate.key_bits()},
          {"not_before", day(certificate.not_before())},
          {"not_after", day(certificate.not_after())},
          {"days_left", days_left(certificate)},
          {"used_by", usage.of(each)}};
}

[[noreturn]] void cannot_write(const fs::path& path) {
  throw_error("cannot write " + path.string(), Error::from_errno(errno));
}

/// Written aside and moved into place: nobody ever sees half of it, nor a key with another mode.
void write_file(const fs::path& path, std::string_view text, mode_t mode) {
  const fs::path aside = path.string() + ".new";
  ::unlink(aside.c_str());
  const net::UniqueFd file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) cannot_write(aside);
  Defer remove([&aside] { ::unlink(aside.c_str()); });
  if (::fchmod(file.get(), mode) != 0 || ::write(file.get(), text.data(), text.size()) != std::ssize(text))
    cannot_write(aside);
  if (::rename(aside.c_str(), path.c_str()) != 0) cannot_write(path);
  remove.dismiss();
}

}  // namespace

ExitCode run(const ListCertificates& command) {
  const config::LoadResult result = config::load(command.config);
  std::fputs(config::to_text(result.diagnostics).c_str(), stderr);
  const Usage usage(result.config);
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const config::TlsCertificate& each : result.config.tls.certificates) {
    if (each.certificate == nullptr) continue;  // what is wrong with it stands among the errors
    command.json ? list.push_back(to_json(each, usage)) : print_certificate(each, usage);
  }
  if (command.json) fmt::print("{}\n", list.dump(2));
  if (!command.json && result.ok() && result.config.tls.certificates.empty())
    std::fputs("flared: no certificates: there is no [[tls.cert]]\n", stderr);
  return result.ok() ? ExitCode::kOk : ExitCode::kInvalidConfig;
}

ExitCode run(const MakeSelfSigned& command) {
  try {
    const tls::SelfSigned made = tls::make_self_signed(command.names, std::chrono::days(command.days));
    const fs::path folder =
        command.folder.empty() ? fs::path("certs") / command.names.front() : fs::path(command.folder);
    const fs::path chain = folder / "fullchain.pem";
    const fs::path key = folder / "privkey.pem";
    for (const fs::path& path : {chain, key}) {
      if (command.force || !fs::exists(path)) continue;
      fmt::print(stderr, "flared: {} is there already; --force replaces it\n", path.string());
      return ExitCode::kUsage;
    }
    fs::create_directories(folder);
    write_file(key, made.key_pem, 0600);
    write_file(chain, made.chain_pem, 0644);
    fmt::print("[[tls.cert]]\nchain = {}\nkey = {}\n", config::toml_quote(chain.string()),
               config::toml_quote(key.string()));
    fmt::print(stderr, "flared: for development: nobody vouches for this certificate, so browsers will warn\n");
    return ExitCode::kOk;
  } catch (const tls::CertificateError& error) {
    fmt::print(stderr, "flared: {}\n", error.what());
    return ExitCode::kUsage;
  } catch (const NetworkError& error) {
    fmt::print(stderr, "flared: {}\n", error.what());
    return error.error().kind == ErrorKind::kPermission ? ExitCode::kPermission : ExitCode::kInternal;
  } catch (const fs::filesystem_error& error) {
    fmt::print(stderr, "flared: {}\n", error.what());
    return ExitCode::kPermission;
  }
}

}  // namespace flare::server::cli
