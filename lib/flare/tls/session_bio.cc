#include "flare/tls/session_bio.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string_view>

#include "flare/tls/session.h"

namespace flare::tls {
namespace {

struct MethodDeleter {
  void operator()(BIO_METHOD* method) const noexcept { BIO_meth_free(method); }
};
using Method = std::unique_ptr<BIO_METHOD, MethodDeleter>;

Method make_method() {
  Method method(BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "flare session"));
  if (!method) throw std::bad_alloc();
  BIO_meth_set_read_ex(method.get(), &SessionBio::read);
  BIO_meth_set_write_ex(method.get(), &SessionBio::write);
  BIO_meth_set_ctrl(method.get(), &SessionBio::control);
  return method;
}

Session& session_of(BIO* bio) noexcept { return *static_cast<Session*>(BIO_get_data(bio)); }

}  // namespace

BioPtr SessionBio::make(Session& session) {
  static const Method method = make_method();
  BioPtr bio(BIO_new(method.get()));
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio.get(), &session);
  BIO_set_init(bio.get(), 1);
  return bio;
}

int SessionBio::read(BIO* bio, char* into, std::size_t size, std::size_t* count) noexcept {
  BIO_clear_retry_flags(bio);
  std::string_view& unread = session_of(bio).unread_;
  if (unread.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *count = std::min(size, unread.size());
  std::memcpy(into, unread.data(), *count);
  unread.remove_prefix(*count);
  return 1;
}

int SessionBio::write(BIO* bio, const char* from, std::size_t size, std::size_t* count) noexcept {
  try {
    session_of(bio).sink_->append(from, size);
  } catch (const std::bad_alloc&) {
    return 0;
  }
  *count = size;
  return 1;
}

long SessionBio::control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // nothing is held back here
}

}  // namespace flare::tls
