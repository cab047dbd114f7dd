// flare-gendocs FOLDER: writes config.md and flare.schema.json there.
#include <filesystem>
#include <fstream>
#include <iostream>

#include "server/config/docs.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: flare-gendocs FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder(argv[1]);
  std::ofstream markdown(folder / "config.md", std::ios::binary);
  std::ofstream schema(folder / "flare.schema.json", std::ios::binary);
  markdown << flare::server::config::render_markdown() << std::flush;
  schema << flare::server::config::render_json_schema() << std::flush;
  if (markdown && schema) return 0;
  std::cerr << "flare-gendocs: cannot write to " << folder << '\n';
  return 1;
}
