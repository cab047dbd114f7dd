#include "flare/io/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>
#include <vector>

namespace flare::io {
namespace {

constexpr std::size_t kKept = 16;

std::vector<Pipe>& store() {
  thread_local std::vector<Pipe> pipes;
  return pipes;
}

}  // namespace

std::optional<Pipe> borrow_pipe() {
  std::vector<Pipe>& pipes = store();
  if (!pipes.empty()) {
    Pipe pipe = std::move(pipes.back());
    pipes.pop_back();
    return pipe;
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) != 0) return std::nullopt;
  static_cast<void>(::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes)));  // as it is, it works too
  return Pipe{.read_end = net::UniqueFd(ends[0]), .write_end = net::UniqueFd(ends[1])};
}

void give_back_pipe(Pipe pipe) {
  std::vector<Pipe>& pipes = store();
  if (pipes.size() < kKept) pipes.push_back(std::move(pipe));
}

}  // namespace flare::io
