#include "flare/base/error.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

#include "flare/base/exception.h"

namespace flare {
namespace {

TEST(Error, NamesTheKindOfEachErrno) {
  struct Case {
    int err;
    ErrorKind kind;
  };
  for (const auto& [err, kind] : {
           Case{EAGAIN, ErrorKind::kWouldBlock},
           Case{ECONNREFUSED, ErrorKind::kConnectionRefused},
           Case{ECONNRESET, ErrorKind::kConnectionReset},
           Case{ECONNABORTED, ErrorKind::kConnectionReset},
           Case{EPIPE, ErrorKind::kBrokenPipe},
           Case{ETIMEDOUT, ErrorKind::kTimeout},
           Case{ECANCELED, ErrorKind::kCancelled},
           Case{EADDRINUSE, ErrorKind::kAddressInUse},
           Case{EADDRNOTAVAIL, ErrorKind::kAddressNotAvailable},
           Case{EAFNOSUPPORT, ErrorKind::kAddressNotAvailable},
           Case{EACCES, ErrorKind::kPermission},
           Case{EPERM, ErrorKind::kPermission},
           Case{ENETUNREACH, ErrorKind::kUnreachable},
           Case{EHOSTUNREACH, ErrorKind::kUnreachable},
           Case{EMFILE, ErrorKind::kResource},
           Case{ENFILE, ErrorKind::kResource},
           Case{ENOBUFS, ErrorKind::kResource},
           Case{ENOMEM, ErrorKind::kResource},
           Case{EIO, ErrorKind::kSystem},
       }) {
    const Error error = Error::from_errno(err);
    EXPECT_EQ(error.kind, kind) << err;
    EXPECT_EQ(error.sys_errno, err);
    EXPECT_EQ(error.source, ErrorSource::kInternal);
    EXPECT_EQ(error.reason, Reason::kNone);
  }
}

TEST(Error, EveryKindAndSourceHasItsOwnWords) {
  std::set<std::string_view> kinds;
  for (auto i = 0; i <= static_cast<int>(ErrorKind::kProtocol); ++i) {
    EXPECT_TRUE(kinds.insert(to_string(static_cast<ErrorKind>(i))).second) << i;
  }
  EXPECT_FALSE(kinds.contains(""));
  EXPECT_FALSE(kinds.contains("unknown error"));
  EXPECT_EQ(to_string(ErrorSource::kInternal), "internal");
  EXPECT_EQ(to_string(ErrorSource::kClient), "client");
  EXPECT_EQ(to_string(ErrorSource::kUpstream), "upstream");
}

TEST(Error, DescribesKindReasonAndTheSystemsWords) {
  EXPECT_EQ(describe(Error::of(ErrorKind::kTimeout)), "timed out");
  EXPECT_EQ(describe(Error::of(ErrorKind::kProtocol, Reason::kBadChunk)), "protocol error (bad_chunk)");
  EXPECT_EQ(describe(Error::from_errno(EADDRINUSE)), "address in use: Address already in use");
}

TEST(Error, FailMakesAResultWithoutValue) {
  const Result<int> by_kind = fail(ErrorKind::kClosed, Reason::kClientClosed);
  ASSERT_FALSE(by_kind);
  EXPECT_EQ(by_kind.error(), Error::of(ErrorKind::kClosed, Reason::kClientClosed));
  const Result<int> by_errno = fail_errno(EPIPE);
  ASSERT_FALSE(by_errno);
  EXPECT_EQ(by_errno.error(), Error::from_errno(EPIPE));
}

template <class Expected>
void expect_type(ErrorKind kind) {
  const Error error{.kind = kind, .sys_errno = EIO};
  try {
    throw_error("bind 127.0.0.1:80", error);
  } catch (const NetworkError& thrown) {
    EXPECT_EQ(typeid(thrown), typeid(Expected)) << to_string(kind);
    EXPECT_EQ(thrown.error(), error);
    EXPECT_EQ(thrown.what(), "bind 127.0.0.1:80: " + describe(error));
  }
}

TEST(Error, ThrowErrorPicksTheTypeOfTheKind) {
  expect_type<AddressInUse>(ErrorKind::kAddressInUse);
  expect_type<AddressNotAvailable>(ErrorKind::kAddressNotAvailable);
  expect_type<BrokenPipe>(ErrorKind::kBrokenPipe);
  expect_type<ConnectionRefused>(ErrorKind::kConnectionRefused);
  expect_type<ConnectionReset>(ErrorKind::kConnectionReset);
  expect_type<ConnectionTimeout>(ErrorKind::kTimeout);
  expect_type<PermissionDenied>(ErrorKind::kPermission);
  for (const ErrorKind kind : {ErrorKind::kSystem, ErrorKind::kWouldBlock, ErrorKind::kClosed, ErrorKind::kCancelled,
                               ErrorKind::kUnreachable, ErrorKind::kResource, ErrorKind::kProtocol}) {
    expect_type<NetworkError>(kind);
  }
}

TEST(Exception, EverythingThrownIsAFlareExceptionAndAStandardOne) {
  EXPECT_THROW(throw_error("x", Error::of(ErrorKind::kTimeout)), Exception);
  EXPECT_THROW(throw AddressParseError("x"), Exception);
  EXPECT_THROW(throw AddressParseError("x"), std::runtime_error);
}

}  // namespace
}  // namespace flare
