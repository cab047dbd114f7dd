// A compressed variant on its way: made once for all who want it meanwhile.
#pragma once

#include <atomic>
#include <exception>
#include <memory>
#include <optional>

#include "flare/base/error.h"
#include "flare/handlers/file_entry.h"
#include "flare/http/content_coding.h"
#include "flare/runtime/cancellation.h"

namespace flare::handlers {

/// Belongs to one worker, but for `wanted`, which the thread that makes it looks at.
struct VariantMaking {
  VariantMaking(const FileStamp& of, http::ContentCoding in) noexcept : stamp(of), coding(in) {}

  /// Somebody waits for it.
  class Wish {
   public:
    explicit Wish(VariantMaking& making) noexcept : making_(making) { ++making_.wanted; }
    Wish(const Wish&) = delete;
    Wish& operator=(const Wish&) = delete;
    ~Wish() { --making_.wanted; }

   private:
    VariantMaking& making_;
  };

  FileStamp stamp;  ///< of the file
  http::ContentCoding coding;
  std::atomic<int> wanted = 0;
  runtime::Cancellation done;  ///< told once there is an outcome
  /// kCancelled: nobody wanted it when its turn came. Empty, with `failure`: it threw.
  std::optional<Result<std::shared_ptr<const FileVariant>>> outcome;
  std::exception_ptr failure;
};

}  // namespace flare::handlers
