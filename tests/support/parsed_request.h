// A request made of text, for tests of what handles requests.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "flare/http/handler.h"
#include "flare/http/limits.h"
#include "flare/http/request.h"

namespace flare::test {

/// Owns the bytes that its request refers to; stays where it is.
class ParsedRequest {
 public:
  /// `fields` are field lines that each end in CRLF; Host: example.com is there already.
  explicit ParsedRequest(std::string_view method, std::string_view target, std::string_view fields = {}) {
    bytes_.append(method)
        .append(" ")
        .append(target)
        .append(" HTTP/1.1\r\nHost: example.com\r\n")
        .append(fields)
        .append("\r\n");
    const auto size = request_.parse(bytes_, limits_);
    if (!size || *size != bytes_.size()) throw std::invalid_argument("no request: " + bytes_);
  }
  ParsedRequest(const ParsedRequest&) = delete;
  ParsedRequest& operator=(const ParsedRequest&) = delete;

  http::Request& get() noexcept { return request_; }
  http::Request& operator*() noexcept { return request_; }
  http::Request* operator->() noexcept { return &request_; }

 private:
  std::string bytes_;
  http::Limits limits_;
  http::Request request_;
};

/// What `handler` answers at once; throws where it wants to wait.
template <class Handler>
http::Response answer(const Handler& handler, ParsedRequest& request) {
  http::Reply reply = handler(*request);
  if (http::Response* response = reply.now()) return std::move(*response);
  throw std::logic_error("the handler waits");
}

}  // namespace flare::test
