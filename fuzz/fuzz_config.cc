// The configuration loader from memory: any text gives diagnostics or a configuration whose dump loads again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "server/config/dump.h"
#include "server/config/load.h"
#include "tests/config/memory_files.h"

namespace config = flare::server::config;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kLongest = 16 * 1024;
  if (size > kLongest) return 0;
  // The text after the first NUL is an included file.
  const std::string input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = input.find('\0');
  config::MemoryFiles files;
  files.entries["."] = {.mode = 0755, .is_directory = true};
  files.entries["public"] = {.mode = 0755, .is_directory = true};
  files.entries["a.toml"] = {.text = cut == std::string::npos ? "" : input.substr(cut + 1)};
  files.variables["NAME"] = "value";
  const config::LoadResult result = config::load_text("flare.toml", input.substr(0, cut), {.files = &files});
  if (config::to_text(result.diagnostics).empty() != result.diagnostics.all().empty()) std::abort();
  config::to_json(result.diagnostics);
  if (!result.ok()) return 0;
  config::dump_json(result.config, true);
  config::dump_toml(result.config, true);
  return 0;
}
