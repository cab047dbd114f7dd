#include "tests/unit/tls_client/peers.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

#include "flare/tls/certificate.h"

namespace flare::tls::test {
namespace {

/// From "ACCEPT 127.0.0.1:40123", which is the first thing it says once it listens.
net::Endpoint read_address(int output) {
  constexpr std::string_view kMark = "ACCEPT ";
  std::string said;
  std::array<char, 512> piece{};
  for (;;) {
    const std::size_t begin = said.find(kMark);
    const std::size_t end = begin == std::string::npos ? begin : said.find('\n', begin);
    if (end != std::string::npos)
      return net::Endpoint::parse(said.substr(begin + kMark.size(), end - begin - kMark.size()));
    const ssize_t count = ::read(output, piece.data(), piece.size());
    if (count <= 0) throw std::runtime_error("openssl s_server does not listen: " + said);
    said.append(piece.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

OwnServer::OwnServer(const Pems& pems, ServerOptions options)
    : server_(http::Server::bind(net::Endpoint::parse("127.0.0.1:0"))) {
  options.certificates = {{.certificate = Certificate::parse(pems.chain, pems.key), .is_default = true}};
  server_.start([](const http::Request&) { return http::ok("hello"); },
                {.tls = ServerContext::make(std::move(options))});
}

OpensslServer::OpensslServer(const Pems& pems, const std::vector<std::string>& options) {
  folder_.write("chain.pem", pems.chain);
  folder_.write("key.pem", pems.key);
  std::vector<std::string> words{
      "openssl", "s_server",         "-accept", "127.0.0.1:0", "-rev", "-cert", folder_ / "chain.pem",
      "-key",    folder_ / "key.pem"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  output_ = net::UniqueFd(ends[0]);
  net::UniqueFd theirs(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDERR_FILENO);
  const int failed = ::posix_spawnp(&child_, "openssl", &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw std::runtime_error("openssl cannot be run: install the package openssl");
  theirs.reset();
  where_ = read_address(output_.get());
}

OpensslServer::~OpensslServer() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

}  // namespace flare::tls::test
