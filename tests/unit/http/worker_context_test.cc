#include "flare/http/worker_context.h"

#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "flare/http/date.h"

namespace flare::http {
namespace {

Response nothing(const Request&) { return no_content(); }

std::string date_at(std::time_t second) {
  std::string text(kHttpDateSize, '\0');
  format_http_date(second, text.data());
  return text;
}

TEST(WorkerContext, TellsServerAndTheDateOfTheSecond) {
  runtime::Worker worker;
  const Limits limits;
  WorkerContext context(worker, nothing, limits, "someone");
  // The second may change between the two clocks: then once more is enough.
  for (int attempt = 0;; ++attempt) {
    const std::time_t before = std::time(nullptr);
    context.refresh_date();
    const std::string fields(context.common_fields());
    if (std::time(nullptr) != before && attempt < 5) continue;
    EXPECT_EQ(fields, "Server: someone\r\nDate: " + date_at(before) + "\r\n");
    break;
  }
}

TEST(WorkerContext, AnEmptyServerSendsNoServerField) {
  runtime::Worker worker;
  const Limits limits;
  const WorkerContext context(worker, nothing, limits, "");
  EXPECT_TRUE(context.common_fields().starts_with("Date: ")) << context.common_fields();
}

TEST(WorkerContext, AWholeHeadAlwaysFitsItsInput) {
  runtime::Worker worker;
  const Limits limits{.header_bytes = 1024 * 1024};
  WorkerContext context(worker, nothing, limits);
  EXPECT_GE(context.input().capacity(), 2 * std::size_t{limits.header_bytes});
}

TEST(WorkerContext, RequestsThatWereTakenComeBackToBeUsedAgain) {
  runtime::Worker worker;
  const Limits limits;
  WorkerContext context(worker, nothing, limits);
  Request* const first = &context.request();
  auto taken = context.take_request();
  EXPECT_EQ(taken.get(), first);
  EXPECT_NE(&context.request(), first);
  taken->set_body("content");
  context.give_request(std::move(taken));
  auto other = context.take_request();
  EXPECT_EQ(&context.request(), first);
  EXPECT_EQ(context.request().body(), "") << "memory of a body is not kept";
}

class Counting final : public Recorder {
 public:
  explicit Counting(bool wants) : wants_(wants) {}
  void record(const Transaction&) noexcept override {}
  [[nodiscard]] bool wants_transactions() const noexcept override { return wants_; }
  void failure(const Request&, std::string_view) noexcept override {}

 private:
  bool wants_;
};

TEST(WorkerContext, ARecorderThatWantsNoTransactionsIsToldOfFailuresOnly) {
  runtime::Worker worker;
  const Limits limits;
  Counting quiet(false);
  Counting eager(true);
  WorkerContext one(worker, nothing, limits, "s", &quiet);
  WorkerContext two(worker, nothing, limits, "s", &eager);
  EXPECT_EQ(one.recorder(), &quiet);
  EXPECT_EQ(one.transaction_recorder(), nullptr);
  EXPECT_EQ(two.transaction_recorder(), &eager);
}

}  // namespace
}  // namespace flare::http
