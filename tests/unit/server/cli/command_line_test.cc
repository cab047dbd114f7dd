#include "server/cli/command_line.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

namespace flare::server::cli {
namespace {

Command parse(const std::string& line) {
  std::vector<std::string> words{"flared"};
  std::istringstream stream(line);
  for (std::string word; stream >> word;) words.push_back(word);
  std::vector<const char*> arguments;
  for (const std::string& word : words) arguments.push_back(word.c_str());
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

/// One line of text for each command, so that a table can expect it.
struct Describe {
  std::string operator()(const Run& run) const { return "run " + run.config; }
  std::string operator()(const Check& check) const {
    return "check " + check.config + (check.json ? " json" : "") + (check.strict ? " strict" : "") +
           (check.quiet ? " quiet" : "");
  }
  std::string operator()(const ShowConfig& show) const {
    return "show " + show.config + (show.origin ? " origin" : "") + (show.json ? " json" : "");
  }
  std::string operator()(const Explain& explain) const {
    std::string text = "explain " + explain.config + " " + explain.method + " " + explain.url + " from " + explain.from;
    for (const std::string& field : explain.fields) text += " [" + field + "]";
    return text;
  }
  std::string operator()(const ListRoutes& routes) const { return "routes " + routes.config; }
  std::string operator()(const ListCertificates& certs) const {
    return "certs " + certs.config + (certs.json ? " json" : "");
  }
  std::string operator()(const SelfSign& sign) const {
    std::string text = "self-signed " + std::to_string(sign.days) + " days in \"" + sign.folder + "\"";
    for (const std::string& name : sign.names) text += " " + name;
    return text + (sign.force ? " force" : "");
  }
  std::string operator()(const ProxyTo& proxy) const { return "proxy " + proxy.address + " " + proxy.server; }
  std::string operator()(const ServeFolder& serve) const { return "serve " + serve.folder + " " + serve.address; }
  std::string operator()(const Version& version) const { return version.long_form ? "long version" : "version"; }
  std::string operator()(const Finished& finished) const {
    return "finished " + std::to_string(static_cast<int>(finished.code));
  }
};

struct Case {
  const char* line;
  const char* command;
};

TEST(CommandLine, UnderstandsEveryCommand) {
  for (const Case& each : {
           Case{"", "run /etc/flared/flare.toml"},
           Case{"-c a.toml", "run a.toml"},
           Case{"--config a.toml", "run a.toml"},
           Case{"-t", "check /etc/flared/flare.toml"},
           Case{"-t -q -c a.toml", "check a.toml quiet"},
           Case{"-T -c a.toml", "show a.toml origin"},
           Case{"-v", "version"},
           Case{"--version", "version"},
           Case{"-V", "long version"},
           Case{"check", "check /etc/flared/flare.toml"},
           Case{"check a.toml", "check a.toml"},
           Case{"check -c a.toml", "check a.toml"},
           Case{"-c a.toml check --json --strict", "check a.toml json strict"},
           Case{"-c a.toml check b.toml -q", "check b.toml quiet"},
           Case{"config show", "show /etc/flared/flare.toml"},
           Case{"config show --origin --json -c a.toml", "show a.toml origin json"},
           Case{"explain GET http://a/", "explain /etc/flared/flare.toml GET http://a/ from 127.0.0.1"},
           Case{"-c a.toml explain PUT http://a/ -H A:b --header C:d --from 10.0.0.1",
                "explain a.toml PUT http://a/ from 10.0.0.1 [A:b] [C:d]"},
           Case{"routes -c a.toml", "routes a.toml"},
           Case{"certs", "certs /etc/flared/flare.toml"},
           Case{"certs --json -c a.toml", "certs a.toml json"},
           Case{"cert self-signed localhost ::1", "self-signed 90 days in \"\" localhost ::1"},
           Case{"cert self-signed a --days 825 --out b --force", "self-signed 825 days in \"b\" a force"},
           Case{"serve public", "serve public :8080"},
           Case{"proxy :8080 127.0.0.1:3000", "proxy :8080 127.0.0.1:3000"},
           Case{"serve public 127.0.0.1:80", "serve public 127.0.0.1:80"},
       }) {
    EXPECT_EQ(std::visit(Describe{}, parse(each.line)), each.command) << "flared " << each.line;
  }
}

TEST(CommandLine, AWrongOneIsToldInTwoLinesAndCodeTwo) {
  for (const char* line : {"--unknown",
                           "-x",
                           "-c",
                           "extra",
                           "check --unknown",
                           "check a.toml b.toml",
                           "config",
                           "config hide",
                           "cert",
                           "cert self-signed",
                           "cert self-signed a --days 826",
                           "cert self-signed a --days 0",
                           "certs a",
                           "explain",
                           "explain GET",
                           "explain GET http://a/ extra",
                           "routes extra",
                           "serve",
                           "serve public :80 extra",
                           "proxy :8080",
                           "help nothing"}) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const Command command = parse(line);
    EXPECT_EQ(testing::internal::GetCapturedStdout(), "") << line;
    const std::string errors = testing::internal::GetCapturedStderr();
    EXPECT_EQ(std::visit(Describe{}, command), "finished 2") << line;
    EXPECT_TRUE(errors.starts_with("flared: ")) << line << ": " << errors;
    EXPECT_NE(errors.find("\nusage: flared "), std::string::npos) << line << ": " << errors;
  }
}

TEST(CommandLine, HelpGoesToStdout) {
  for (const Case& each :
       {Case{"--help", "Usage"}, Case{"-h", "Usage"}, Case{"help", "Usage"}, Case{"help check", "--strict"},
        Case{"check --help", "--strict"}, Case{"help explain", "--from"}}) {
    testing::internal::CaptureStdout();
    const Command command = parse(each.line);
    const std::string help = testing::internal::GetCapturedStdout();
    EXPECT_EQ(std::visit(Describe{}, command), "finished 0") << each.line;
    EXPECT_NE(help.find(each.command), std::string::npos) << each.line << ": " << help;
  }
}

}  // namespace
}  // namespace flare::server::cli
