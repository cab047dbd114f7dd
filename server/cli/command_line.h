// The command line of flared (behaviour.md C-1 to C-12), parsed.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "server/daemon/exit_code.h"

namespace flare::server::cli {

/// Where `flared` without -c looks.
inline constexpr const char* kDefaultConfig = "/etc/flared/flare.toml";

struct Run {
  std::string config;
};
struct Check {
  std::string config;
  bool json = false;
  bool strict = false;
  bool quiet = false;
};
struct ShowConfig {
  std::string config;
  bool origin = false;
  bool json = false;
};
struct Explain {
  std::string config;
  std::string method;
  std::string url;
  std::vector<std::string> fields;  ///< "Name: value"
  std::string from = "127.0.0.1";   ///< the client's address
};
struct ListRoutes {
  std::string config;
};
struct ServeFolder {
  std::string folder;
  std::string address = ":8080";
};
/// A reverse proxy to one server.
struct ProxyTo {
  std::string address;
  std::string server;  ///< "127.0.0.1:3000", or a URL as in proxy.to
};
struct ListCertificates {
  std::string config;
  bool json = false;
};
/// A certificate for development.
struct SelfSign {
  std::vector<std::string> names;  ///< host names and IP addresses, one at least
  int days = 90;
  std::string folder;  ///< "": certs/NAME
  bool force = false;  ///< replace what is there
};
struct Version {
  bool long_form = false;
};
/// Nothing is left to do: help was printed, or the command line was wrong and it was said how.
struct Finished {
  ExitCode code = ExitCode::kOk;
};
using Command = std::variant<Run, Check, ShowConfig, Explain, ListRoutes, ListCertificates, SelfSign, ServeFolder,
                             ProxyTo, Version, Finished>;

/// Help goes to stdout; a wrong command line is one line and a usage line on stderr, and exit code 2 (C-11).
Command parse_command_line(int argc, const char* const* argv);

}  // namespace flare::server::cli
