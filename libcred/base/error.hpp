// Errors: what went wrong, where, and what would be right. Never a secret.
#pragma once

#include "base/code.hpp"

#include <exception>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace cred {

struct Error {
  Code code = Code::internal;
  std::string message;
};

template <typename T>
using Expected = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Code code, std::string message) {
  return tl::make_unexpected(Error{code, std::move(message)});
}

// For what nobody can decide where it happens (disk full, a row that does not
// open). Thrown below the engine and turned into an Error at its door.
class Failure : public std::exception {
 public:
  Failure(Code code, std::string message) : error_{code, std::move(message)} {}
  explicit Failure(Error error) : error_(std::move(error)) {}
  const char* what() const noexcept override { return error_.message.c_str(); }
  const Error& error() const noexcept { return error_; }

 private:
  Error error_;
};

// The value, or its Error thrown as a Failure.
template <typename T>
T value_or_throw(Expected<T>&& result) {
  if (!result) throw Failure(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace cred
