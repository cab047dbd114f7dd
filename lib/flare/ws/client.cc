#include "flare/ws/client.h"

#include <utility>

#include "flare/ws/client_connection.h"

namespace flare::ws {

Client::Client(std::unique_ptr<Connection> connection) noexcept : connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Session& Client::session() noexcept { return connection_->session(); }

runtime::Task<void> Client::close(CloseCode code, std::string_view reason) {
  co_await connection_->session().close(code, reason);
  co_await connection_->finish(code);
}

void Client::cancel() noexcept { connection_->cancel(); }

}  // namespace flare::ws
