// What a client's connection needs of its transport beyond a server's: to be given up, and to lie idle.
#pragma once

#include "flare/io/byte_stream.h"

namespace flare::io {

/// cancel: waits, present and later, end with kCancelled. interrupt_write: as interrupt_read. watch_input: cancels when
/// anything arrives, the end included; may do so at once. is_quiet: one look whether nothing has arrived.
template <class S>
concept ReusableStream = ByteStream<S> && requires(S& stream) {
  stream.cancel();
  stream.interrupt_write();
  stream.watch_input(static_cast<runtime::Cancellation*>(nullptr));
  { stream.is_quiet() } -> std::same_as<bool>;
};

}  // namespace flare::io
