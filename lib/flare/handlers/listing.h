// Listings of folders (behaviour.md F-22): HTML for people, JSON for programs.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flare/base/error.h"
#include "flare/net/unique_fd.h"

namespace flare::handlers {

struct ListedName {
  std::string name;
  bool is_folder = false;
  std::uint64_t size = 0;  ///< bytes of a file
  std::time_t modified = 0;
};

struct Listing {
  std::vector<ListedName> names;  ///< folders first, then by bytes
  bool is_cut = false;            ///< there are more, behind these
};

struct ListingOptions {
  std::size_t most = 0;     ///< names
  bool with_links = false;  ///< symbolic links are shown as what lies behind them, else not at all
  bool only_utf8 = false;   ///< other names are left out: no request may have them
};

/// What `folder` holds that a request could ask for: files and folders, no name with a dot in front, with a control or
/// a backslash in it. `look` finds what is behind a link. May wait.
Result<Listing> read_folder(net::UniqueFd folder, const ListingOptions& options,
                            const std::function<std::optional<struct stat>(const std::string& name)>& look);

/// `title`: the folder's path as the client knows it, decoded, with a slash at its end.
std::string render_html(const Listing& listing, std::string_view title);
/// An array of objects: name, type ("file" or "folder"), size of files, modified (RFC 3339).
std::string render_json(const Listing& listing);

}  // namespace flare::handlers
