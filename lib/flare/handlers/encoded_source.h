// A content that is compressed while it is sent.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "flare/handlers/stream_encoder.h"
#include "flare/http/body.h"

namespace flare::handlers {

/// Each piece that the source gives leaves at once, readable at the other end; large ones in slices that the worker's
/// offload pool compresses. Belongs to one worker.
class EncodedSource final : public http::BodySource {
 public:
  /// Any body: what is no source yet is read as one.
  EncodedSource(http::ContentCoding coding, http::Body body);
  EncodedSource(const EncodedSource&) = delete;
  EncodedSource& operator=(const EncodedSource&) = delete;
  ~EncodedSource() override;

  runtime::Task<Result<std::string_view>> next() override;
  [[nodiscard]] bool is_ready() const noexcept override;
  void cancel() noexcept override;

  /// How many there are on this thread.
  static std::uint32_t under_way() noexcept;

 private:
  runtime::Task<void> encode(std::string_view slice);

  std::shared_ptr<StreamEncoder> encoder_;
  http::Body body_;
  std::unique_ptr<http::BodySource> reader_;  ///< of a body that is none itself
  std::string_view rest_;                     ///< of the piece
  std::string out_;
  bool finished_ = false;
};

}  // namespace flare::handlers
