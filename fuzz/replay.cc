// Feeds files to a fuzz target without libFuzzer: any compiler, any sanitizer. Arguments are files or folders of
// inputs; a folder that does not exist holds none. The empty input is always fed, so that no replay passes without
// running the target.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

void replay(const std::vector<std::uint8_t>& input) {
  const std::vector<std::uint8_t> exact(input);  // capacity is size: AddressSanitizer sees a read past the end
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

void replay_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    std::fprintf(stderr, "replay: cannot read %s\n", path.c_str());
    std::exit(2);
  }
  std::fprintf(stderr, "%s\n", path.c_str());
  replay({std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()});
}

}  // namespace

int main(int argc, char** argv) {
  replay({});
  int files = 0;
  for (int i = 1; i < argc; ++i) {
    const fs::path path(argv[i]);
    if (fs::is_regular_file(path)) {
      replay_file(path);
      ++files;
    } else if (fs::is_directory(path)) {
      for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
        if (!entry.is_regular_file()) continue;
        replay_file(entry.path());
        ++files;
      }
    }
  }
  std::printf("replayed %d files\n", files);
}
