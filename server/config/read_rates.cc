#include "server/config/read_rates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "server/config/nearest.h"
#include "server/config/units.h"

namespace flare::server::config {
namespace {

Rate read_rate(LoadContext& context, const Member& member) {
  Rate rate{.name = member.key, .place = context.sources.place(member.key_at)};
  const Node& table = member.value;
  if (const Node* key = table.find("key")) {
    if (auto parsed = handlers::RateKey::parse(key->text)) {
      rate.key = {std::move(*parsed), context.origin(*key)};
    } else {
      constexpr std::array<std::string_view, 5> kKeys{"client_ip", "header:NAME", "cookie:NAME", "route", "host"};
      std::string help = key->secret ? std::string() : did_you_mean(key->text, kKeys);
      if (help.empty()) help = "write one of " + quoted_list(kKeys);
      context.report("FL0003", key->at, fmt::format("{} is nothing that requests are counted by", shown(*key)), help);
    }
  }
  if (const Node* node = table.find("rate")) {
    rate.requests_per_hour = {parse_rate(node->text).value_or(1), context.origin(*node)};
    constexpr std::int64_t kSecondsPerHour = 3600;
    rate.burst.value = (*rate.requests_per_hour + kSecondsPerHour - 1) / kSecondsPerHour;
  }
  if (const Node* node = table.find("burst")) rate.burst = {node->integer, context.origin(*node)};
  if (const Node* node = table.find("reply")) rate.reply = {static_cast<int>(node->integer), context.origin(*node)};
  if (const Node* node = table.find("slots")) rate.slots = {node->integer, context.origin(*node)};
  return rate;
}

class NameChecker {
 public:
  NameChecker(LoadContext& context, const std::vector<Rate>& rates) : context_(context), rates_(rates) {
    for (const Rate& rate : rates) names_.push_back(rate.name);
  }

  /// Every table of `tables`, and their routes.
  void check_tables(const Node* tables) {
    if (tables == nullptr) return;
    for (const Member& member : tables->members) {
      check(member.value);
      check_routes(member.value.find("route"));
    }
  }
  void check_routes(const Node* routes) {
    if (routes == nullptr) return;
    for (const Node& route : routes->items) check(route);
  }
  void warn_unused() {
    for (const Rate& rate : rates_) {
      if (std::ranges::find(used_, rate.name) != used_.end()) continue;
      context_.diagnostics.add(
          {.id = "FL0202",
           .severity = Severity::kWarning,
           .place = rate.place,
           .message = fmt::format("[rate.{}] is defined but not used", rate.name),
           .help =
               fmt::format("name it in a preset's, a host's or a route's rate = [\"{}\"], or remove it", rate.name)});
    }
  }

 private:
  void check(const Node& table) {
    for (const Node* name : elements(table.find("rate"))) {
      if (std::ranges::find(names_, name->text) != names_.end()) {
        used_.push_back(name->text);
        continue;
      }
      std::string help = name->secret ? std::string() : did_you_mean(name->text, names_);
      if (!help.empty()) help += ' ';
      help += names_.empty() ? std::string("no rate is defined: add [rate.NAME]") : "defined: " + quoted_list(names_);
      context_.report("FL0201", name->at, fmt::format("there is no rate {}", shown(*name)), help);
    }
  }

  LoadContext& context_;
  const std::vector<Rate>& rates_;
  std::vector<std::string_view> names_;
  std::vector<std::string_view> used_;
};

}  // namespace

void read_rates(LoadContext& context, const Node& document, std::vector<Rate>& rates) {
  const Node* tables = document.find("rate");
  if (tables == nullptr) return;
  for (const Member& member : tables->members) {
    if (member.value.kind == Node::Kind::kTable) rates.push_back(read_rate(context, member));
  }
}

void check_rate_names(LoadContext& context, const Node& document, const std::vector<Rate>& rates, bool complete) {
  NameChecker checker(context, rates);
  checker.check_tables(document.find("preset"));
  checker.check_tables(document.find("host"));
  checker.check_routes(document.find("route"));
  if (complete) checker.warn_unused();
}

}  // namespace flare::server::config
