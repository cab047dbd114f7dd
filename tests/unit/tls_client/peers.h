// Servers for clients to talk to: our own, and OpenSSL's.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "flare/http/server.h"
#include "flare/net/socket_addr.h"
#include "flare/net/unique_fd.h"
#include "flare/tls/server_context.h"
#include "tests/support/temp_folder.h"
#include "tests/unit/tls_client/authority.h"

namespace flare::tls::test {

/// An HTTPS server of ours that answers "hello".
class OwnServer {
 public:
  explicit OwnServer(const Pems& pems, ServerOptions options = {});
  ~OwnServer() { server_.shutdown(); }
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;
  [[nodiscard]] const net::Endpoint& where() const noexcept { return server_.local_addr(); }

 private:
  http::Server server_;
};

/// `openssl s_server`, which sends each line back reversed, until the object's end.
class OpensslServer {
 public:
  explicit OpensslServer(const Pems& pems, const std::vector<std::string>& options = {});
  ~OpensslServer();
  OpensslServer(const OpensslServer&) = delete;
  OpensslServer& operator=(const OpensslServer&) = delete;
  [[nodiscard]] const net::Endpoint& where() const noexcept { return where_; }

 private:
  flare::test::TempFolder folder_;
  pid_t child_ = -1;
  net::UniqueFd output_;
  net::Endpoint where_ = net::SocketAddr();
};

}  // namespace flare::tls::test
