// Handlers: plain callables, erased once. Middleware is a handler that holds a handler.
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "flare/http/request.h"
#include "flare/http/response.h"
#include "flare/runtime/task.h"

namespace flare::http {

/// What a handler gives back: the response, or a task that will have it.
class Reply {
 public:
  Reply(Response response) noexcept : what_(std::move(response)) {}         // NOLINT(google-explicit-constructor)
  Reply(runtime::Task<Response> task) noexcept : what_(std::move(task)) {}  // NOLINT(google-explicit-constructor)

  /// What `make` gives, made where it stays: moving it would cost more than many a handler does.
  template <class Make>
  static Reply of(const Make& make) {
    return Reply(Made<Make>{make});
  }

  [[nodiscard]] Response* now() noexcept { return std::get_if<Response>(&what_); }
  [[nodiscard]] runtime::Task<Response>* later() noexcept { return std::get_if<runtime::Task<Response>>(&what_); }

 private:
  template <class Make>
  struct Made {
    const Make& make;
    operator Response() const { return make(); }  // NOLINT(google-explicit-constructor)
  };
  template <class Make>
  explicit Reply(Made<Make> made) : what_(std::in_place_type<Response>, made) {}

  std::variant<Response, runtime::Task<Response>> what_;
};

namespace detail {

template <class F>
concept RoutingHandler = std::is_invocable_r_v<Reply, const F&, Request&>;
template <class F>
concept PlainHandler = std::is_invocable_r_v<Response, const F&, const Request&>;
template <class F>
concept TaskHandler = requires(const F& f, const Request& request) {
  { f(request) } -> std::same_as<runtime::Task<Response>>;
};
/// A handler that never looks at the content says so, and answers before it has arrived.
template <class F>
concept IgnoresContent = F::kIgnoresContent;

/// Receives the whole content into the request, at most limits().body bytes; the refusal where that fails.
runtime::Task<std::optional<Response>> receive_content(Request& request);

template <class F>
runtime::Task<Response> call_with_content(const F& handler, Request& request) {
  if (auto refusal = co_await receive_content(request)) co_return std::move(*refusal);
  if constexpr (TaskHandler<F>) {
    co_return co_await handler(request);
  } else {
    co_return handler(request);
  }
}

}  // namespace detail

/// Anything that can answer a request:
///   Response f(const Request&)          called when the content (if any) has arrived
///   Task<Response> f(const Request&)    the same, may wait
///   Reply f(Request&)                   for routers and middleware that must see the request before its content
/// Shared by all workers and called on them at the same time, hence const. Cheap to copy. An exception that leaves a
/// handler answers 500 and is logged.
class Handler {
 public:
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, Handler> &&
             (detail::RoutingHandler<F> || detail::PlainHandler<F> || detail::TaskHandler<F>))
  Handler(F handler)
      : callable_(std::make_shared<const Model<F>>(std::move(handler))) {}  // NOLINT(google-explicit-constructor)

  Reply operator()(Request& request) const { return callable_->call(request); }

 private:
  struct Callable {
    virtual ~Callable() = default;
    virtual Reply call(Request& request) const = 0;
  };
  template <class F>
  struct Model final : Callable {
    explicit Model(F f) : handler(std::move(f)) {}
    Reply call(Request& request) const override {
      if constexpr (detail::PlainHandler<F>) {
        if (detail::IgnoresContent<F> || !request.has_content()) return Reply::of([&] { return handler(request); });
        return detail::call_with_content(handler, request);
      } else if constexpr (detail::TaskHandler<F>) {
        return detail::call_with_content(handler, request);
      } else {
        return handler(request);
      }
    }
    F handler;
  };

  std::shared_ptr<const Callable> callable_;
};

/// Applies `change` (Response -> Response) to a reply, now or when it comes: the second half of most middleware.
template <class F>
Reply then(Reply reply, F change) {
  if (Response* response = reply.now()) return change(std::move(*response));
  return [](runtime::Task<Response> task, F apply) -> runtime::Task<Response> {
    co_return apply(co_await std::move(task));
  }(std::move(*reply.later()), std::move(change));
}

}  // namespace flare::http
