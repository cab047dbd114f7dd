#include <fmt/core.h>
#include <openssl/crypto.h>
#include <spdlog/version.h>
#include <CLI/Version.hpp>
#include <cstdio>

#include "flare/tls/kernel_records.h"
#include "server/cli/commands.h"
#include "server/version.h"

namespace flare::server::cli {

ExitCode run(const Version& command) {
  std::printf("flared %s\n", kVersion);
  if (!command.long_form) return ExitCode::kOk;
#if defined(__clang__)
  std::printf("compiler: clang %s\n", __clang_version__);
#else
  std::printf("compiler: gcc %s\n", __VERSION__);
#endif
  std::printf("libraries: spdlog %d.%d.%d, fmt %d, CLI11 %s\n", SPDLOG_VER_MAJOR, SPDLOG_VER_MINOR, SPDLOG_VER_PATCH,
              FMT_VERSION, CLI11_VERSION);
  std::printf("OpenSSL: built with %s, runs with %s\n", OPENSSL_VERSION_STR, OpenSSL_version(OPENSSL_VERSION_STRING));
  std::printf("kernel TLS: %s\n", tls::KernelRecords::are_available() ? "yes, for large files" : "no");
  std::printf("features: http/1.1, tls, static, proxy, redirect, respond\n");
  std::printf("default configuration: %s\n", kDefaultConfig);
  return ExitCode::kOk;
}

}  // namespace flare::server::cli
