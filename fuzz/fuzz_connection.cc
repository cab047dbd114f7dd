// A whole connection over memory: whatever the splits, the blocked calls and the short writes, what comes out is what
// the reference says of each message, byte for byte, and nothing more; a reset leaves a prefix of it. Input:
// SplitInput, whose option bytes also say what goes wrong (Faults).
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "flare/http/connection.h"
#include "fuzz/reference_message.h"
#include "fuzz/split_input.h"
#include "tests/support/memory_stream.h"

namespace {

using namespace flare;
using fuzz::ReferenceMessage;

void check(bool holds, int line = __builtin_LINE()) {
  if (holds) return;
  std::fprintf(stderr, "fuzz_connection.cc:%d: the check does not hold\n", line);
  std::abort();
}

// ---- handlers: the last character of the target chooses

constexpr std::size_t kFileBytes = 9000;

const std::string& file_content() {
  static const std::string content = [] {
    std::string bytes;
    for (std::size_t i = 0; i < kFileBytes; ++i) bytes += static_cast<char>('a' + i % 26);
    return bytes;
  }();
  return content;
}

int open_file() {
  static const int file = [] {
    const int fd = ::memfd_create("content", MFD_CLOEXEC);
    check(::write(fd, file_content().data(), kFileBytes) == static_cast<ssize_t>(kFileBytes));
    return fd;
  }();
  return ::dup(file);
}

std::string echo_text(std::string_view method, std::string_view target, std::string_view content) {
  return std::string(method) + " " + std::string(target) + "\n" + std::string(content);
}
std::string large_text(std::string_view target) { return std::string(target) + std::string(40'000, '.'); }

http::Response echo(const http::Request& request) {
  return http::ok(echo_text(request.method_token(), request.target(), request.body()));
}
http::Response large(const http::Request& request) { return http::ok(large_text(request.target())); }
http::Response broken(const http::Request&) { throw std::runtime_error("on purpose"); }
http::Response file(const http::Request& request) {
  const std::size_t offset = request.target().size();
  http::Response response;
  if (offset < kFileBytes) response.body = http::FileRange{net::UniqueFd(open_file()), offset, kFileBytes - offset};
  return response;
}
runtime::Task<http::Response> echo_later(const http::Request& request) { co_return echo(request); }
runtime::Task<http::Response> yielding(runtime::Worker& worker, const http::Request& request) {
  co_await worker.yield();
  co_return http::ok(std::string(request.target()));
}
/// Takes one piece of the content, whatever becomes of it, and answers.
runtime::Task<http::Response> one_piece(http::Request& request) {
  static_cast<void>(co_await request.content_source()->next());
  co_return http::ok(std::string(request.target()));
}

/// The target and then the file's content, in pieces whose sizes the target's length chooses; to HTTP/1.0 and 1.1
/// alike.
class Pieces final : public http::BodySource {
 public:
  explicit Pieces(std::string text) : text_(std::move(text)), step_(text_.size() % 97 + 1) {}
  runtime::Task<Result<std::string_view>> next() override {
    const std::string_view piece = std::string_view(text_).substr(at_, step_);
    at_ += piece.size();
    step_ = step_ * 2 + 1;
    co_return piece;
  }
  bool is_ready() const noexcept override { return text_.size() % 2 == 0; }

 private:
  std::string text_;
  std::size_t at_ = 0;
  std::size_t step_;
};
std::string pulled_text(std::string_view target) { return std::string(target) + file_content(); }
http::Response pulled(const http::Request& request) {
  http::Response response;
  response.body = std::unique_ptr<http::BodySource>(std::make_unique<Pieces>(pulled_text(request.target())));
  return response;
}

struct Dispatch {
  runtime::Worker* worker;
  http::Handler echo_handler{echo}, later_handler{echo_later}, large_handler{large}, file_handler{file},
      broken_handler{broken}, pulled_handler{pulled};

  http::Reply operator()(http::Request& request) const {
    switch (request.target().back()) {
      case 'l': return later_handler(request);
      case 'L': return large_handler(request);
      case 'f': return file_handler(request);
      case 't': return broken_handler(request);
      case 's': return pulled_handler(request);
      case 'i': return http::ok(std::string(request.target()));
      case 'y': return yielding(*worker, request);
      case 'p': return one_piece(request);
      default: return echo_handler(request);
    }
  }
};

/// No target ends in it: no handler is called, because the scheme is not the connection's.
constexpr char kMisdirected = '\0';
/// The handler that the target chooses.
char kind_of(const ReferenceMessage& message) {
  return fuzz::reference::lower(message.target).starts_with("https://") ? kMisdirected : message.target.back();
}
bool receives_content(char kind) { return kind != 'i' && kind != 'y' && kind != 'p' && kind != kMisdirected; }

std::string expected_body(const ReferenceMessage& message) {
  switch (kind_of(message)) {
    case 'L': return large_text(message.target);
    case 'f': return file_content().substr(std::min(message.target.size(), kFileBytes));
    case 's': return pulled_text(message.target);
    case 'i':
    case 'y':
    case 'p': return message.target;
    default: return echo_text(message.method, message.target, message.content);
  }
}

/// In the form that Content-Type tells: which one the client wants has tests of its own.
std::string error_page(int status, const std::string& type) {
  const std::string phrase = status == 421 ? "Misdirected Request" : "Internal Server Error";
  if (type == "application/problem+json")
    return R"({"type":"about:blank","title":")" + phrase + R"(","status":)" + std::to_string(status) + "}\n";
  const std::string title = std::to_string(status) + " " + phrase;
  return "<!doctype html>\n<html lang=\"en\"><title>" + title + "</title><h1>" + title + "</h1></html>\n";
}

// ---- what came out

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

struct Answer {
  int status = 0;
  std::map<std::string, std::string> fields;
  std::uint64_t length = 0;
};

/// Takes a final answer's head: strict, every field once.
Answer take_head(std::string_view& out, bool framed_by_length = true) {
  const std::size_t end = out.find("\r\n\r\n");
  check(end != std::string_view::npos);
  const auto lines = fuzz::reference::split(std::string(out.substr(0, end)), "\r\n");
  out.remove_prefix(end + 4);
  check(lines.front().size() > 13 && lines.front().starts_with("HTTP/1.1 ") && lines.front()[12] == ' ');
  Answer answer;
  answer.status = std::atoi(lines.front().c_str() + 9);
  check(answer.status == 200 || answer.status >= 400);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(": ");
    check(colon != std::string::npos && fuzz::reference::is_token(lines[i].substr(0, colon)));
    check(answer.fields.emplace(lines[i].substr(0, colon), lines[i].substr(colon + 2)).second);
  }
  check(answer.fields.contains("Date"));
  if (!framed_by_length) {
    check(!answer.fields.contains("Content-Length"));
    return answer;
  }
  check(answer.fields.contains("Content-Length") && !answer.fields.contains("Transfer-Encoding"));
  const std::string& length = answer.fields["Content-Length"];
  check(std::from_chars(length.data(), length.data() + length.size(), answer.length).ptr ==
        length.data() + length.size());
  return answer;
}

/// The last answer of a connection: an error that says so.
void check_refusal(std::string_view out) {
  Answer answer = take_head(out);
  check(answer.status >= 400 && answer.fields["Connection"] == "close");
  check(out.empty() || out.size() == answer.length);  // a HEAD's has no body
}

struct Closing {
  bool must = false;
  bool may = false;
};

/// Content that the handler leaves where it is decides too: what is there of it when the answer is made depends on the
/// splits.
Closing closing_after(const ReferenceMessage& message, bool last_by_count) {
  Closing closing{.must = !message.keep_alive || last_by_count};
  if (receives_content(kind_of(message)) || (!message.chunked && message.length == 0)) return closing;
  closing.may = message.expects || message.chunked;
  if (message.chunked ? !message.complete : message.length > 64 * 1024) closing.must = true;
  return closing;
}

/// `body` in chunks of any sizes off `out`.
void check_chunks(std::string_view body, std::string_view& out) {
  for (;;) {
    const std::size_t line = out.find("\r\n");
    check(line != std::string_view::npos && line != 0 && line <= 16);
    std::size_t size = 0;
    check(std::from_chars(out.data(), out.data() + line, size, 16).ptr == out.data() + line);
    out.remove_prefix(line + 2);
    check(size <= body.size() && out.starts_with(body.substr(0, size)));
    body.remove_prefix(size);
    out.remove_prefix(size);
    check(out.starts_with("\r\n"));
    out.remove_prefix(2);
    if (size == 0) return check(body.empty());
  }
}

/// One request's answer off `out`; true: it was the connection's last.
bool check_answer(const ReferenceMessage& message, std::string_view& out, bool last_by_count) {
  const bool unsized = kind_of(message) == 's';
  Answer answer = take_head(out, !unsized);
  const int status = kind_of(message) == 't' ? 500 : kind_of(message) == kMisdirected ? 421 : 200;
  check(answer.status == status);
  const std::string body = status == 200 ? expected_body(message) : error_page(status, answer.fields["Content-Type"]);
  check(unsized || answer.length == body.size());
  check(answer.fields.contains("Transfer-Encoding") == (unsized && !message.http10));
  if (message.method != "HEAD" && unsized && !message.http10) {
    check_chunks(body, out);
  } else if (message.method != "HEAD") {
    check(out.starts_with(body));
    out.remove_prefix(body.size());
  }
  if (unsized && message.http10) {
    check(answer.fields["Connection"] == "close");
    return true;
  }
  const bool closes = answer.fields["Connection"] == "close";
  const Closing closing = closing_after(message, last_by_count);
  check(closes || !closing.must);
  check(!closes || closing.must || closing.may);
  check(closes || answer.fields["Connection"] == (message.http10 ? "keep-alive" : ""));
  return closes;
}

/// `silent`: the input ended in a timeout, not with the connection.
void check_output(std::string input, std::string_view out, const http::Limits& limits, bool silent) {
  // A TLS handshake on a plain port ends in silence; where its first two bytes come apart, the first is a bad request.
  if (input.starts_with("\x16\x03") && out.empty()) return;
  for (std::uint32_t requests = 1; !input.empty(); ++requests) {
    const ReferenceMessage message = fuzz::read_message(input);
    if (message.kind == ReferenceMessage::Kind::kRefused) return check_refusal(out);
    if (message.kind == ReferenceMessage::Kind::kIncomplete) {
      if (silent || !out.empty()) check_refusal(out);  // 408, unless it was wrong already
      return;
    }
    const char kind = kind_of(message);
    if (message.expects && (receives_content(kind) || kind == 'p') && out.starts_with(kContinue)) {
      check(message.chunked || message.length != 0);
      out.remove_prefix(kContinue.size());
    }
    if (receives_content(kind) && (!message.complete || message.content.size() > limits.body))
      return check_refusal(out);
    if (check_answer(message, out, requests >= limits.keepalive_requests) || !message.complete) break;
    input.erase(0, message.size);
  }
  check(out.empty());
}

// ---- running

/// From the two option bytes that SplitInput reads first, where it leaves bits unused.
struct Faults {
  explicit Faults(std::uint8_t options, std::uint8_t count)
      : blocking((options & 2) != 0),
        reset_at_end((options & 4) != 0),
        silent_at_end((options & 8) != 0),
        bytewise((options & 16) != 0),
        reset_eighth(options >> 5U),
        write_size(count >> 3U) {}
  bool blocking, reset_at_end, silent_at_end, bytewise;
  std::size_t reset_eighth;  ///< the point of reset, in eighths of the output; 0: none
  std::size_t write_size;    ///< of the first hundred writes; 0: as much as is asked
};

test::Wire wire_for(const fuzz::SplitInput& split, std::string_view input, const Faults& faults) {
  test::Wire wire;
  if (faults.bytewise) {
    for (const char c : input) wire.arriving.emplace_back(1, c);
  } else {
    std::size_t begin = 0;
    for (const std::size_t end : split.ends) {
      if (end != begin) wire.arriving.emplace_back(input.substr(begin, end - begin));
      begin = end;
    }
    if (begin < input.size()) wire.arriving.emplace_back(input.substr(begin));
  }
  wire.block_every_other = faults.blocking;
  wire.reset_at_end = faults.reset_at_end;
  wire.silent_at_end = faults.silent_at_end;
  if (faults.write_size != 0) wire.write_sizes.assign(100, faults.write_size);
  return wire;
}

void run(test::Wire& wire, const http::Limits& limits) {
  static runtime::Worker worker;
  http::WorkerContext context(worker, Dispatch{&worker}, limits);
  worker.spawn(http::serve_connection<test::MemoryStream>(context, net::SocketAddr::localhost(40000), std::ref(wire)));
  for (int turns = 0; worker.active_tasks() != 0; ++turns) {
    check(turns < 10'000);
    worker.run_once(std::chrono::milliseconds(0));
  }
}

std::string without_dates(std::string text) {
  constexpr std::string_view kDate = "\r\nDate: ";
  for (std::size_t at = 0; (at = text.find(kDate, at)) != std::string::npos;) {
    at += kDate.size();
    for (std::size_t i = at; i < text.size() && text[i] != '\r'; ++i) text[i] = '*';
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 8000) return 0;  // within the default limits of size, which have tests of their own
  const fuzz::SplitInput split(data, size);
  const Faults faults(data[0], data[1]);
  const http::Limits limits{.body = split.narrow ? 16U : 8192U, .keepalive_requests = split.narrow ? 3U : 10'000U};
  // A head that gets no line feed is not looked at again: with one at the end, the last piece always is.
  const std::string input = std::string(split.input) + (split.input.ends_with('\n') ? "" : "\n");

  test::Wire whole;
  whole.arriving.push_back(input);
  run(whole, limits);
  check_output(input, whole.sent, limits, false);

  test::Wire pieces = wire_for(split, input, faults);
  run(pieces, limits);
  check_output(input, pieces.sent, limits, faults.silent_at_end);

  if (faults.reset_eighth == 0) return 0;
  test::Wire reset = wire_for(split, input, faults);
  reset.reset_after_sent = pieces.sent.size() * faults.reset_eighth / 8;
  run(reset, limits);
  check(without_dates(pieces.sent).starts_with(without_dates(reset.sent)));
  return 0;
}
