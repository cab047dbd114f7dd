// Limits, response fields, caching, error pages, rates and the log switch: checking them once, and merging them down
// (M8).
#pragma once

#include <string_view>
#include <vector>

#include "server/config/load_context.h"

namespace flare::server::config {

/// Field names and values of `table`.headers: reports those that are none, or that the server writes itself.
void check_headers(LoadContext& context, Node& table);

/// `table`.cache_control and .error_pages: reports patterns and values that are none, and what is no status.
void check_answers(LoadContext& context, Node& table);

/// [limits] of `table` onto `limits`.
void apply_limits(const LoadContext& context, LimitSettings& limits, const Node& table, std::string_view via = {});
/// `compress` of `table` onto `compress`.
void apply_compress(const LoadContext& context, CompressSettings& compress, const Node& table,
                    std::string_view via = {});
/// `compress` of `table`: reports types that are none, and lists without use.
void check_compress(LoadContext& context, Node& table);
/// Everything of `table` (a preset, a host, a route) that merges, onto `settings`. `via` names the preset.
void apply_settings(const LoadContext& context, Settings& settings, const Node& table, std::string_view via = {});

/// A preset in `use`, in order.
struct UsedPreset {
  std::string_view name;
  const Node* table;
};
/// Presets that `table`.use names; FL0201 for those that do not exist. Marks the found ones in `used`.
std::vector<UsedPreset> used_presets(LoadContext& context, const Node& document, const Node& table,
                                     std::vector<std::string_view>& used);

}  // namespace flare::server::config
