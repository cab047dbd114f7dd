// The operator's pages in place of flare's own for errors (error_pages in the configuration).
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "flare/http/request.h"
#include "flare/http/response.h"
#include "server/config/config.h"

namespace flare::server::site {

/// Read once, lent to responses: outlives them. Empty where none are configured.
class ErrorPages {
 public:
  static constexpr std::size_t kLargest = 1024 * 1024;  ///< bytes of a page

  ErrorPages() = default;
  /// Reads the files. Throws Exception where one cannot be read or is too large.
  explicit ErrorPages(const std::vector<config::ErrorPage>& pages);

  [[nodiscard]] bool empty() const noexcept { return pages_.empty(); }
  /// Gives a response whose page flare would make the configured one; clients that prefer JSON keep problem+json.
  void apply(http::Response& response, const http::Request& request) const;

 private:
  struct Page {
    std::string type;
    std::string content;
  };
  [[nodiscard]] const Page* find(int status) const noexcept;

  std::vector<std::unique_ptr<const Page>> pages_;
  std::array<const Page*, 200> exact_{};  ///< by status - 400
  std::array<const Page*, 2> classes_{};  ///< 4xx, 5xx
};

}  // namespace flare::server::site
