#include "server/config/keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "server/config/docs.h"
#include "server/config/dump_model.h"
#include "server/config/load.h"
#include "server/config/units.h"
#include "tests/config/memory_files.h"

namespace flare::server::config {
namespace {

std::string slurp(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(KeyTable, CommittedDocumentsAreWhatTheTableSays) {
  EXPECT_EQ(slurp(FLARE_SOURCE_FOLDER "/docs/config.md"), render_markdown()) << "run flare-gendocs docs";
  EXPECT_EQ(slurp(FLARE_SOURCE_FOLDER "/docs/flare.schema.json"), render_json_schema()) << "run flare-gendocs docs";
}

TEST(KeyTable, EveryKeyIsFoundByItsPathAndHasProse) {
  for (const Key& key : all_keys()) {
    EXPECT_FALSE(key.prose.empty()) << key.path;
    EXPECT_LE(key.min, key.max) << key.path;
    for (const Scope scope : {Scope::kTop, Scope::kPreset, Scope::kHost, Scope::kRoute}) {
      EXPECT_EQ(find_key(scope, key.path) == &key, key.scopes.contains(scope)) << key.path;
    }
  }
}

std::string toml_text(const DumpEntry& entry) {
  std::string text;
  for (const DumpScalar& value : entry.values) {
    if (!text.empty()) text += ", ";
    if (const auto* word = std::get_if<std::string>(&value)) text += '"' + *word + '"';
    if (const auto* number = std::get_if<std::int64_t>(&value)) text += std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&value)) text += *flag ? "true" : "false";
  }
  return entry.list ? '[' + text + ']' : text;
}

// The structs hold the defaults that act, the table those that are documented.
TEST(KeyTable, DocumentedDefaultsAreTheOnesInEffect) {
  MemoryFiles files;
  files.entries["."] = {.mode = 0755, .is_directory = true};
  files.entries["public"] = {.mode = 0755, .is_directory = true};
  const LoadResult result = load_text("flare.toml", R"(
[listen.web]
address = ":80"
[rate.r]
rate = "5/s"
[[route]]
path = "/a"
rate = "r"
respond = {}
[[route]]
path = "/b"
redirect = { to = "/" }
[[route]]
path = "/c"
static = { root = "public" }
)",
                                      {.files = &files});
  ASSERT_TRUE(result.ok()) << to_text(result.diagnostics);
  std::set<std::string> compared;
  for (const DumpSection& section : dump_model(result.config)) {
    const bool route = section.repeated;
    const bool host = !route && !section.path.empty() && section.path.front() == "host";
    for (const DumpEntry& entry : section.entries) {
      std::string path;
      if (!route && !host) {
        for (std::size_t i = 0; i < section.path.size(); ++i) {
          path += (i == 1 && (section.path[0] == "listen" || section.path[0] == "rate") ? "*" : section.path[i]) + ".";
        }
      }
      for (const std::string& name : entry.key) path += name + ".";
      path.pop_back();
      const Key* key = find_key(route ? Scope::kRoute : host ? Scope::kHost : Scope::kTop, path);
      ASSERT_NE(key, nullptr) << path;
      if (key->fallback.empty() || key->path == "redirect.to" || key->path == "rate") continue;
      EXPECT_EQ(toml_text(entry), key->fallback) << path;
      compared.insert(path);
    }
  }
  EXPECT_GE(compared.size(), 25U);
}

TEST(Units, FormatIsReadAgainAsTheSameValue) {
  for (const std::int64_t value : {0L, 1L, 999L, 1000L, 60'000L, 90'000L, 3'600'000L, 86'400'000L, 86'400'001L}) {
    const std::chrono::milliseconds duration(value);
    EXPECT_EQ(parse_duration(format_duration(duration)), duration) << value;
    EXPECT_EQ(parse_size(format_size(static_cast<std::uint64_t>(value))), value);
  }
}

TEST(Units, RatesCountPerHour) {
  struct Case {
    const char* text;
    std::int64_t per_hour;
    const char* shown;
  };
  for (const Case& each :
       {Case{"50/s", 180'000, "50/s"}, Case{"600/m", 36'000, "10/s"}, Case{"5/m", 300, "5/m"},
        Case{"90/m", 5400, "90/m"}, Case{"7/h", 7, "7/h"}, Case{"60/h", 60, "1/m"}, Case{"0/m", 0, "0/s"}}) {
    EXPECT_EQ(parse_rate(each.text), each.per_hour) << each.text;
    EXPECT_EQ(format_rate(each.per_hour), each.shown);
  }
}

TEST(Units, RefuseWhatHasNoUnitOrDoesNotFit) {
  for (const char* text :
       {"", "10", "s", "1.5s", "-1s", "+1s", " 1s", "1s ", "1 s", "1S", "1sec", "9223372036854775807d"}) {
    EXPECT_EQ(parse_duration(text), std::nullopt) << text;
  }
  for (const char* text : {"", "10", "KiB", "1KB", "1kib", "-1B", "99999999999999999999B", "9223372036854775807KiB"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
  for (const char* text : {"", "5", "/s", "5s", "5/", "5 /s", "5/S", "5/d", "1.5/s", "-5/s", "9223372036854775807/s"}) {
    EXPECT_EQ(parse_rate(text), std::nullopt) << text;
  }
}

TEST(Bind, FailureNamesAddressErrorAndHolder) {
  const std::string text = to_text(
      cannot_bind({.file = "flare.toml", .line = 3, .column = 11}, "0.0.0.0:80", "address in use", "pid 123 (nginx)"));
  EXPECT_EQ(text,
            "flare.toml:3:11: error FL0501: cannot listen on 0.0.0.0:80: address in use by pid 123 (nginx)\n"
            "help: stop pid 123 (nginx) or choose another address\n");
}

}  // namespace
}  // namespace flare::server::config
