#include "server/config/root_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace flare::server::config {
namespace {

bool lies_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// What must not be served: the files of the configuration, private keys, logs, unix sockets. A log that does not exist
// yet is judged by its folder.
struct Private {
  std::string canonical;
  std::string what;
};

class RootChecker {
 public:
  RootChecker(LoadContext& context, const Config& config) : context_(context), homes_(context.files.homes()) {
    for (const SourceFile& file : config.sources.files()) add(file.name, "configuration");
    for (const auto* targets : {&config.log.access_to, &config.log.error_to}) {
      for (const LogTarget& target : **targets) {
        if (target.kind == LogTarget::Kind::kFile) add(target.path, "log");
      }
    }
    for (const TlsCertificate& certificate : config.tls.certificates) add(certificate.files.key, "private key");
    for (const Listener& listener : config.listeners) {
      for (const ListenAddress& address : listener.addresses) {
        if (const auto* unix_path = address.endpoint.unix_path()) add(unix_path->path, "socket");
      }
    }
  }

  void check_page(const ErrorPage& page) {
    if (!seen_.insert(page.path).second) return;
    const auto facts = context_.files.facts(page.path);
    const std::string what = fmt::format("error page {}", page.path);
    if (!facts) {
      report("FL0401", page.origin.place, what + " does not exist",
             "create it, or correct the path: it is relative to the file that holds it");
    } else if (facts->is_directory || !facts->readable) {
      report("FL0401", page.origin.place,
             facts->is_directory ? what + " is a directory" : what + " is not readable by " + context_.files.user(),
             "name a file that this user may read");
    }
  }

  void check(const std::string& root, const Place& place) {
    if (!seen_.insert(root).second) return;
    const auto facts = context_.files.facts(root);
    if (!facts) {
      return report("FL0401", place, fmt::format("static root {} does not exist", root),
                    "create it, or correct the path: it is relative to the file that holds it");
    }
    if (!facts->is_directory) {
      return report("FL0401", place, fmt::format("static root {} is not a directory", root),
                    "name the folder that holds the files");
    }
    if (!facts->readable) {
      return report("FL0401", place, fmt::format("static root {} is not readable by {}", root, context_.files.user()),
                    "give that user read and search permission");
    }
    check_exposure(root, *facts, place);
  }

 private:
  void check_exposure(const std::string& root, const FileFacts& facts, const Place& place) {
    constexpr unsigned kOthersMayWrite = 02;
    constexpr unsigned kSticky = 01000;
    if (facts.canonical == "/" || std::ranges::find(homes_, facts.canonical) != homes_.end()) {
      return report("FL0403", place,
                    fmt::format("static root {} is {}", root,
                                facts.canonical == "/" ? "the whole file system" : "a home directory"),
                    "serve a folder that holds nothing but the site");
    }
    if ((facts.mode & kOthersMayWrite) != 0 && (facts.mode & kSticky) == 0) {
      return report("FL0403", place, fmt::format("static root {} is writable by everyone ({:04o})", root, facts.mode),
                    fmt::format("chmod o-w {}", root));
    }
    for (const Private& item : private_) {
      if (!lies_below(item.canonical, facts.canonical)) continue;
      report("FL0402", place, fmt::format("static root {} contains the {} {}", root, item.what, item.canonical),
             "move one of them: what lies below a root can be downloaded");
    }
  }

  void add(const std::string& path, std::string what) {
    if (const auto facts = context_.files.facts(path)) {
      private_.push_back({facts->canonical, std::move(what)});
      return;
    }
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    const auto facts = context_.files.facts(folder);
    if (!facts) return;
    private_.push_back({facts->canonical == "/" ? "/" + name : facts->canonical + "/" + name, std::move(what)});
  }

  void report(std::string_view id, const Place& place, std::string message, std::string help) {
    context_.diagnostics.add({.id = id, .place = place, .message = std::move(message), .help = std::move(help)});
  }

  LoadContext& context_;
  std::vector<std::string> homes_;
  std::vector<Private> private_;
  std::set<std::string> seen_;
};

}  // namespace

void check_roots(LoadContext& context, const Config& config) {
  RootChecker checker(context, config);
  for (const Host& host : config.hosts) {
    for (const ErrorPage& page : host.settings.error_pages) checker.check_page(page);
    for (const Route& route : host.routes) {
      for (const ErrorPage& page : route.settings.error_pages) checker.check_page(page);
      const auto* files = std::get_if<StaticFiles>(&route.action);
      if (files != nullptr && !files->root.empty()) checker.check(files->root, files->root_place);
    }
  }
}

}  // namespace flare::server::config
