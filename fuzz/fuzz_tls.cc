// A whole connection with TLS over memory. Input: SplitInput, whose option bytes also say what happens (Plan): bytes
// straight to the handshake; a real client's ClientHello that they overwrite in part; or, after a real client's
// handshake, its requests in records of the chosen sizes, whole or damaged on their way. What the client decrypts is,
// date for date, what a plain connection answers to the same bytes, and a prefix of it where they were damaged.
#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_set_rand_method: nothing else makes a handshake the same each time
#include <openssl/err.h>
#include <openssl/rand.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "flare/http/secure_connection.h"
#include "flare/http/server.h"
#include "fuzz/split_input.h"
#include "tests/support/certificates.h"
#include "tests/support/memory_stream.h"
#include "tests/support/tls_client.h"

namespace {

using namespace flare;

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_tls.cc:%d: the check does not hold\n", line);
  std::abort();
}

// ---- randomness that is the same in each run (splitmix64)

std::uint64_t random_state = 0;

int fill(unsigned char* into, int size) {
  for (int i = 0; i < size; ++i) {
    random_state += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = (random_state ^ (random_state >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    into[i] = static_cast<unsigned char>(mixed >> 56U);
  }
  return 1;
}
int seed(const void* /*bytes*/, int /*size*/) { return 1; }
int add(const void* /*bytes*/, int /*size*/, double /*entropy*/) { return 1; }
int status() { return 1; }
const RAND_METHOD kFixed = {
    .seed = seed, .bytes = fill, .cleanup = nullptr, .add = add, .pseudorand = fill, .status = status};

const std::shared_ptr<const tls::ServerContext>& server() {
  static const auto context = [] {
    check(RAND_set_rand_method(&kFixed) == 1);
    tls::ServerOptions options;
    options.certificates = {{.certificate = test::certificate_for({"www.example.com"})}};
    return tls::ServerContext::make(std::move(options));
  }();
  return context;
}

// ---- what happens

enum class What : std::uint8_t { kRawBytes, kDamagedHello, kRequests, kDamagedRequests };

/// From the two option bytes that SplitInput reads first, where it leaves bits unused.
struct Plan {
  Plan(std::uint8_t options, std::uint8_t count)
      : what(static_cast<What>(options >> 1U & 3U)),
        tls12((options & 8U) != 0),
        blocking((options & 16U) != 0),
        bytewise((options & 32U) != 0),
        says_goodbye((options & 64U) != 0),
        updates_keys((options & 128U) != 0),
        write_size(count >> 3U) {}
  What what;
  bool tls12, blocking, bytewise, says_goodbye, updates_keys;
  std::size_t write_size;  ///< of the first hundred writes; 0: as much as is asked
};

void arrive(test::Wire& wire, std::string_view bytes, const Plan& plan) {
  if (!plan.bytewise && !bytes.empty()) wire.arriving.emplace_back(bytes);
  if (!plan.bytewise) return;
  for (const char c : bytes) wire.arriving.emplace_back(1, c);
}

test::Wire wire_for(const Plan& plan) {
  test::Wire wire;
  wire.block_every_other = plan.blocking;
  if (plan.write_size != 0) wire.write_sizes.assign(100, plan.write_size);
  return wire;
}

http::Response echo(const http::Request& request) {
  return http::ok(std::string(request.method_token()) + " " + std::string(request.target()) + "\n" +
                  std::string(request.body()));
}

void run(test::Wire& wire, bool secure) {
  static runtime::Worker worker;
  static const http::Limits limits{.body = 8192U};
  http::WorkerContext context(worker, echo, limits);
  context.set_tls(server());
  const auto peer = net::SocketAddr::localhost(40000);
  if (secure) {
    worker.spawn(http::serve_secure_connection<test::MemoryStream>(context, peer, http::ConnectionCount::Place(),
                                                                   std::ref(wire)));
  } else {
    worker.spawn(http::serve_connection<test::MemoryStream>(context, peer, std::ref(wire)));
  }
  for (int turns = 0; worker.active_tasks() != 0; ++turns) {
    check(turns < 100'000);
    worker.run_once(std::chrono::milliseconds(0));
  }
  check(ERR_peek_error() == 0);  // nothing is left for the thread's next session to stumble on
}

std::string without_dates(std::string text) {
  constexpr std::string_view kDate = "\r\nDate: ";
  for (std::size_t at = 0; (at = text.find(kDate, at)) != std::string::npos;) {
    at += kDate.size();
    for (std::size_t i = at; i < text.size() && text[i] != '\r'; ++i) text[i] = '*';
  }
  return text;
}

// ---- before the handshake is done

void send_raw(const fuzz::SplitInput& split, const Plan& plan) {
  test::Wire wire = wire_for(plan);
  std::size_t begin = 0;
  for (const std::size_t end : split.ends) {
    arrive(wire, split.input.substr(begin, end - begin), plan);
    begin = end;
  }
  run(wire, true);
  constexpr char kAlert = 21;
  constexpr char kHandshake = 22;
  constexpr std::string_view kPlainAnswer = "HTTP/1.1 400 ";  // of which a full transport takes a part
  check(wire.sent.empty() || wire.sent[0] == kAlert || wire.sent[0] == kHandshake ||
        wire.sent.starts_with(kPlainAnswer.substr(0, wire.sent.size())));
}

void send_damaged_hello(const fuzz::SplitInput& split, const Plan& plan) {
  test::TlsClient client({.name = "www.example.com", .protocols = {"http/1.1"}});
  std::string hello = client.exchange({});
  const std::size_t at = std::min(hello.size(), split.ends.front());
  hello.replace(at, std::min(hello.size() - at, split.input.size()), split.input);
  test::Wire wire = wire_for(plan);
  arrive(wire, hello, plan);
  run(wire, true);
}

// ---- after it

/// A client that shakes hands, sends its requests, and listens.
class Client {
 public:
  Client(const fuzz::SplitInput& split, std::string text, const Plan& plan)
      : split_(split),
        text_(std::move(text)),
        plan_(plan),
        client_({.protocols = {"http/1.1"}, .version = plan.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION}) {}

  /// What it decrypted.
  std::string run() {
    test::Wire wire = wire_for(plan_);
    wire.peer = [this](test::Wire& empty) { answer(empty); };
    ::run(wire, true);
    static_cast<void>(listen(wire));
    check(client_.is_connected());
    check(client_.error().empty() || plan_.what == What::kDamagedRequests);  // an alert is one
    return client_.plain();
  }

 private:
  std::string listen(const test::Wire& wire) {
    const std::string_view news = std::string_view(wire.sent).substr(heard_);
    heard_ = wire.sent.size();
    return client_.exchange(news);
  }
  void answer(test::Wire& wire) {
    std::string bytes = listen(wire);
    if (client_.is_connected() && !spoken_) bytes += requests();
    arrive(wire, bytes, plan_);
  }
  std::string requests() {
    spoken_ = true;
    std::string records;
    std::size_t begin = 0;
    for (const std::size_t end : split_.ends) {
      records += client_.write(std::string_view(text_).substr(begin, end - begin));
      if (plan_.updates_keys && !plan_.tls12) records += client_.key_update();
      begin = end;
    }
    records += client_.write(std::string_view(text_).substr(begin));
    if (plan_.says_goodbye) records += client_.close_notify();
    if (plan_.what == What::kDamagedRequests) {
      const std::size_t at = (split_.ends.front() * 251 + split_.input.size()) % records.size();
      records[at] = static_cast<char>(records[at] ^ (1 << split_.ends.size() % 8));
    }
    return records;
  }

  const fuzz::SplitInput& split_;
  std::string text_;
  const Plan& plan_;
  test::TlsClient client_;
  std::size_t heard_ = 0;
  bool spoken_ = false;
};

void send_requests(const fuzz::SplitInput& split, const Plan& plan) {
  // A head that gets no line feed is not looked at again: with one at the end, the last piece always is.
  const std::string text = std::string(split.input) + "\n";
  const std::string answers = without_dates(Client(split, text, plan).run());
  // The scheme and another handshake mean something else to a plain connection.
  if (text.contains("://") || text.contains('\x16')) return;
  test::Wire plain;
  plain.arriving.push_back(text);
  run(plain, false);
  const std::string expected = without_dates(plain.sent);
  check(plan.what == What::kRequests ? answers == expected : expected.starts_with(answers));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 8000) return 0;  // within the default limits of size, which have tests of their own
  static_cast<void>(server());
  random_state = 0;
  const fuzz::SplitInput split(data, size);
  const Plan plan(data[0], data[1]);
  switch (plan.what) {
    case What::kRawBytes: send_raw(split, plan); break;
    case What::kDamagedHello: send_damaged_hello(split, plan); break;
    case What::kRequests:
    case What::kDamagedRequests: send_requests(split, plan); break;
  }
  return 0;
}
