// One document out of the main file and its includes, with secrets resolved.
#pragma once

#include <string>

#include "server/config/load_context.h"

namespace flare::server::config {

/// `name` is the main file's path, `text` its content. What cannot be read or parsed is reported and left out;
/// `complete` turns false then: absent tables mean nothing in that case.
struct Composed {
  Node document;
  bool complete = true;
  std::vector<std::string> secrets;  ///< what @env: and @file: brought
};
Composed compose(LoadContext& context, std::string name, std::string text);

}  // namespace flare::server::config
