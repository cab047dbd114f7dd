// App: a handler together with the state it works on.
#pragma once

#include <concepts>
#include <utility>

#include "flare/http/handler.h"

namespace flare::http {

/// App{state, handler} is a handler: it calls `handler` with the request and the state, so that nothing has to be
/// global.
///   Response f(const Request&, State&)          Task<Response> f(const Request&, State&)          Reply f(Request&,
///   State&)
/// mean what the forms without State mean (handler.h). `state` outlives the server; all workers use it at the same
/// time: what changes in it is atomic or locked by the handler.
///
///   Counters counters;
///   router.get("/hits", http::App{counters, show_hits}).any("/**", http::App{counters, count_and_serve});
template <class State, class F>
class App {
 public:
  App(State& state, F handler) : state_(&state), handler_(std::move(handler)) {}

  static constexpr bool kIgnoresContent = detail::IgnoresContent<F>;

  auto operator()(const Request& request) const
    requires std::invocable<const F&, const Request&, State&>
  {
    return handler_(request, *state_);
  }
  Reply operator()(Request& request) const
    requires(!std::invocable<const F&, const Request&, State&> &&
             std::is_invocable_r_v<Reply, const F&, Request&, State&>)
  {
    return handler_(request, *state_);
  }

 private:
  State* state_;
  F handler_;
};

}  // namespace flare::http
