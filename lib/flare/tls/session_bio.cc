#include "flare/tls/session_bio.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

namespace flare::tls {

struct SessionBio::Method {
  Method() : method(BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "flare session")) {
    if (method == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(method, &SessionBio::read);
    BIO_meth_set_write_ex(method, &SessionBio::write);
    BIO_meth_set_ctrl(method, &SessionBio::control);
  }
  BIO_METHOD* method;  ///< as long as the process: a thread that ends late may still have a BIO of it
};

BIO* SessionBio::of_this_thread() {
  static const Method method;
  thread_local const BioPtr bio(BIO_new(method.method));
  if (!bio) throw std::bad_alloc();
  return bio.get();
}

SessionBio::SessionBio(SSL* ssl, std::string_view& input, std::string& output, KernelRecords* kernel)
    : input_(input), output_(output), kernel_(kernel) {
  BIO* const bio = of_this_thread();
  if (SSL_get_rbio(ssl) != bio) {  // another thread had it, or nobody
    BIO_up_ref(bio);
    SSL_set0_rbio(ssl, bio);
    BIO_up_ref(bio);
    SSL_set0_wbio(ssl, bio);
  }
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
}

SessionBio::~SessionBio() { BIO_set_data(of_this_thread(), nullptr); }

int SessionBio::read(BIO* bio, char* into, std::size_t size, std::size_t* count) noexcept {
  BIO_clear_retry_flags(bio);
  auto* const self = static_cast<SessionBio*>(BIO_get_data(bio));
  if (self == nullptr || self->input_.empty()) {
    BIO_set_retry_read(bio);
    return 0;
  }
  *count = std::min(size, self->input_.size());
  std::memcpy(into, self->input_.data(), *count);
  self->input_.remove_prefix(*count);
  return 1;
}

int SessionBio::write(BIO* bio, const char* from, std::size_t size, std::size_t* count) noexcept {
  auto* const self = static_cast<SessionBio*>(BIO_get_data(bio));
  try {
    if (self != nullptr) self->output_.append(from, size);
    if (self != nullptr && self->kernel_ != nullptr) self->kernel_->count({from, size});
  } catch (const std::bad_alloc&) {
    return 0;
  }
  *count = size;
  return 1;
}

/// OpenSSL flushes, offers the keys for sending (`number` is not 0 then), and goes on by itself as they are not taken:
/// not yet.
long SessionBio::control(BIO* bio, int command, long number, void* pointer) noexcept {
  constexpr int kSetKtls = 72;  // which openssl/bio.h names in a comment only
  auto* const self = static_cast<SessionBio*>(BIO_get_data(bio));
  if (command == kSetKtls && number != 0 && self != nullptr && self->kernel_ != nullptr)
    self->kernel_->remember(pointer);
  return command == BIO_CTRL_FLUSH ? 1 : 0;  // nothing is held back here
}

}  // namespace flare::tls
