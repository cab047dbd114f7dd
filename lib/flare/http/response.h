// The response a handler gives back, and helpers for the common ones.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "flare/base/reason.h"
#include "flare/http/body.h"
#include "flare/http/header_map.h"
#include "flare/http/status.h"
#include "flare/http/takeover.h"

namespace flare::http {

/// Status, fields and body. The connection adds what belongs to the message and the hop: Date, Server, Connection and
/// Content-Length or Transfer-Encoding; a handler never sets those. With 101 and 426 it names Upgrade in Connection.
struct Response {
  Status status = Status::kOk;
  Reason why = Reason::kNone;  ///< set by flare's own refusals; for the log
  bool close = false;          ///< close the connection after this response
  bool error_page = false;     ///< the connection makes the body, in the form that the client accepts (error_page.h)
  bool as_is = false;          ///< its coding has been chosen: middleware does not compress it
  HeaderMap headers;
  Body body;
  std::unique_ptr<Takeover> takeover;  ///< with 101: whose the connection is afterwards

  [[nodiscard]] bool ok() const noexcept { return code(status) >= 200 && code(status) < 300; }
  [[nodiscard]] bool is_redirect() const noexcept { return code(status) >= 300 && code(status) < 400; }
};

/// 200, text/plain; charset=utf-8.
Response ok(std::string text);
/// 200, application/json: `json` is sent as it is.
Response ok_json(std::string json);
/// 200, text/html; charset=utf-8.
Response ok_html(std::string html);
Response no_content();
/// `location` must be a valid field value (HeaderInjectionError otherwise).
Response redirect(std::string_view location, Status status = Status::kFound);
Response bad_request(std::string text = "Bad Request\n");
Response not_found(std::string text = "Not Found\n");
Response internal_error(std::string text = "Internal Server Error\n");
/// A short error page, HTML or problem+json by the request's Accept, with Cache-Control: no-store (H-34); `why` goes to
/// the log, never to the peer.
Response error_response(Status status, Reason why = Reason::kNone);

}  // namespace flare::http
