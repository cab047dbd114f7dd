#include "server/config/load.h"

#include <fmt/format.h>

#include <utility>

#include "server/config/check_keys.h"
#include "server/config/compose.h"
#include "server/config/read_hosts.h"
#include "server/config/read_rates.h"
#include "server/config/read_server.h"
#include "server/config/read_settings.h"
#include "server/config/read_tls.h"
#include "server/config/read_upstreams.h"
#include "server/config/root_checks.h"
#include "server/config/tls_checks.h"

namespace flare::server::config {
namespace {

const Files& files_of(const LoadOptions& options) { return options.files == nullptr ? system_files() : *options.files; }

}  // namespace

LoadResult load_text(const std::string& name, std::string text, const LoadOptions& options) {
  LoadResult result;
  LoadContext context{files_of(options), result.config.sources, result.diagnostics};
  Config& config = result.config;
  Composed composed = compose(context, name, std::move(text));
  check_keys(context, composed.document);
  read_server(context, composed.document, config.server);
  apply_limits(context, config.limits, composed.document);
  check_compress(context, composed.document);
  apply_compress(context, config.compress, composed.document);
  config.limits.values.utf8 = *config.server.utf8;
  read_listeners(context, composed.document, config.listeners);
  read_tls(context, composed.document, config.tls);
  read_rates(context, composed.document, config.rates);
  check_rate_names(context, composed.document, config.rates, composed.complete);
  read_upstreams(context, composed.document, config.upstreams);
  check_upstream_names(context, composed.document, config.upstreams, composed.complete);
  read_hosts(context, composed.document, config, composed.complete);
  read_log(context, composed.document, config.log);
  read_drain(context, composed.document, config);
  check_roots(context, config);
  check_tls(context, config);
  for (const std::string& secret : composed.secrets) result.diagnostics.redact(secret);
  if (options.strict) result.diagnostics.promote_warnings();
  result.diagnostics.sort(config.sources);
  return result;
}

LoadResult load(const std::string& path, const LoadOptions& options) {
  auto text = files_of(options).read(path);
  if (text) return load_text(path, std::move(*text), options);
  LoadResult result;
  result.diagnostics.add({.id = "FL0001",
                          .place = {.file = path},
                          .message = fmt::format("cannot read the configuration: {}", text.error()),
                          .help = "name another file with -c"});
  return result;
}

}  // namespace flare::server::config
