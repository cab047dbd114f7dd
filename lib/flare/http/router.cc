#include "flare/http/router.h"

#include "flare/base/ascii.h"

namespace flare::http {
namespace {

Response options_response(std::string_view allow) {
  Response response = no_content();
  response.headers.append("Allow", allow);
  return response;
}

Response method_not_allowed(std::string_view allow) {
  Response response = error_response(Status::kMethodNotAllowed, Reason::kMethodNotAllowed);
  response.headers.append("Allow", allow);  // RFC 9110 §15.5.6
  return response;
}

}  // namespace

Router& Router::any(RoutePattern pattern, Handler handler) {
  return add(MethodSet(), std::move(pattern), std::move(handler));
}

Router& Router::route(std::string_view method, RoutePattern pattern, Handler handler) {
  if (!ascii::is_token(method)) {
    throw RoutePatternError("route " + pattern.text() + ": the method is no token (RFC 9110 §9.1)");
  }
  MethodSet methods;
  methods.add(method);
  return add(std::move(methods), std::move(pattern), std::move(handler));
}

Router& Router::add(MethodSet methods, RoutePattern pattern, Handler handler) {
  const std::string text = pattern.text();
  const auto rival = table_.add({std::move(pattern), std::move(methods), nullptr, handlers_.size()});
  if (rival) {
    throw AmbiguousRouteError(
        "routes \"" + patterns_[*rival] + "\" and \"" + text +
        "\" match the same requests with equal specificity: remove one, or give them different methods");
  }
  handlers_.push_back(std::move(handler));
  patterns_.push_back(text);
  return *this;
}

Reply Router::operator()(Request& request) const {
  const bool options = request.method() == Method::kOptions;
  if (options && request.head().form == TargetForm::kAsterisk) return options_response(table_.allow_all());  // H-10
  const RouteMatch match = table_.match(request);
  switch (match.verdict) {
    case RouteVerdict::kFound: return handlers_[match.index](request);
    case RouteVerdict::kNotFound: return error_response(Status::kNotFound, Reason::kNoRoute);
    case RouteVerdict::kMethodNotAllowed: break;
  }
  const std::string allow = table_.allow(request);
  return options ? options_response(allow) : method_not_allowed(allow);
}

}  // namespace flare::http
