#include "flare/handlers/access/password_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "support/temp_folder.h"

namespace flare::handlers {
namespace {

// "secret", by each method at its least cost.
const std::string kSha512 =
    "$6$rounds=1000$abcdefgh$"
    "nhYjN017qxiYztzyUpZtPnUQcnLy62KsunSLHNeLahp2EHPlAKmFFlrjEwSXGo2kgY5hR2.peKEg2VGUqIJJu1";
const std::string kSha256 = "$5$rounds=1000$abcdefgh$XIppta5rT8zJUu4vAOKQXrwq9uY4Ijlz6VjyOmkx5i4";
const std::string kBcrypt = "$2b$04$o0WN4fxly1dh5rn84D.z6.QzTqABP1D3./dgNfZDr3nFID8Ni2oQG";

TEST(PasswordFile, VerifiesEveryMethod) {
  std::string apache = kBcrypt;
  apache[2] = 'y';
  const auto file = PasswordFile::parse(
      "# staff\n\nann:" + kSha512 + "\r\n  bob:" + kSha256 + ":Bob\ncem:" + kBcrypt + "\ndan:" + apache, "users");
  EXPECT_EQ(file.size(), 4U);
  for (const char* user : {"ann", "bob", "cem", "dan"}) {
    EXPECT_TRUE(file.verify(user, "secret")) << user;
    EXPECT_FALSE(file.verify(user, "Secret")) << user;
    EXPECT_FALSE(file.verify(user, "")) << user;
  }
}

TEST(PasswordFile, NobodyElseIsLetIn) {
  const auto file = PasswordFile::parse("ann:" + kSha512, "users");
  EXPECT_FALSE(file.verify("eve", "secret"));
  EXPECT_FALSE(file.verify("", "secret"));
  EXPECT_FALSE(file.verify("ann", std::string("secret\0", 7)));
  EXPECT_FALSE(file.verify("ann", std::string(5000, 'x')));
  EXPECT_FALSE(PasswordFile::parse("# nobody yet\n", "users").verify("ann", "secret"));
}

std::string error_of(const std::string& text) {
  try {
    static_cast<void>(PasswordFile::parse(text, "users"));
  } catch (const PasswordFileError& error) {
    return error.what();
  }
  return {};
}

TEST(PasswordFile, SaysWhichLineIsWrong) {
  EXPECT_EQ(error_of("\nann"), "users:2: expected NAME:HASH");
  EXPECT_EQ(error_of(":" + kSha512), "users:1: expected NAME:HASH");
  EXPECT_NE(error_of("ann:" + kSha512 + "\nbob:secret").find("users:2: not a bcrypt"), std::string::npos);
  EXPECT_NE(error_of("ann:$apr1$abcdefgh$x").find("htpasswd -B"), std::string::npos);
  for (const std::string& hash : {kSha512, kSha256, kBcrypt})
    EXPECT_EQ(error_of("ann:" + hash.substr(0, hash.size() - 1)), "users:1: the hash is not whole");
  EXPECT_EQ(error_of("ann:" + kSha512 + "\nann:" + kSha256), "users:2: this user stands in the file twice");
}

TEST(PasswordFile, IsRead) {
  const test::TempFolder folder;
  std::ofstream(folder / "users") << "ann:" << kSha512 << '\n';
  EXPECT_EQ(PasswordFile::load((folder / "users").string()).size(), 1U);
  EXPECT_THROW(static_cast<void>(PasswordFile::load((folder / "gone").string())), PasswordFileError);
  EXPECT_THROW(static_cast<void>(PasswordFile::load(folder.path())), PasswordFileError) << "a folder";
}

}  // namespace
}  // namespace flare::handlers
