#include "flare/base/random.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace flare {
namespace {

TEST(Random, FillsEveryByte) {
  std::string seen(100, '\0');
  for (int round = 0; round < 20; ++round) {
    std::string bytes(100, '\0');
    fill_random(bytes);
    for (std::size_t i = 0; i < bytes.size(); ++i) seen[i] = static_cast<char>(seen[i] | bytes[i]);
  }
  EXPECT_EQ(seen.find('\0'), std::string::npos);
}

TEST(Random, WordsDoNotRepeat) {
  std::set<std::uint32_t> words;
  for (int i = 0; i < 200; ++i) words.insert(random_word());
  EXPECT_GE(words.size(), 199U);
}

}  // namespace
}  // namespace flare
