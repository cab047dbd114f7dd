// A string that mostly is not there.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace flare {

/// Eight bytes while it is empty, where a std::string takes 32: for what each of many objects has, and few use.
class RareString {
 public:
  [[nodiscard]] std::string_view view() const noexcept { return text_ ? std::string_view(*text_) : std::string_view(); }
  [[nodiscard]] bool empty() const noexcept { return view().empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return view().size(); }
  /// To be changed.
  [[nodiscard]] std::string& text() {
    if (!text_) text_ = std::make_unique<std::string>();
    return *text_;
  }
  void assign(std::string text) {
    if (text.empty()) return clear();
    this->text() = std::move(text);
  }
  /// Gives its memory back.
  void clear() noexcept { text_.reset(); }
  [[nodiscard]] std::size_t memory() const noexcept { return text_ ? sizeof(std::string) + text_->capacity() : 0; }

 private:
  std::unique_ptr<std::string> text_;
};

}  // namespace flare
