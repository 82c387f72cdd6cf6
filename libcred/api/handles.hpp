// What is behind the handles of cred.h, and how calls keep exceptions in.
#pragma once

#include "api/accounts.hpp"
#include "cred/cred.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

struct cred_answer : cred::api::Answer {
  explicit cred_answer(cred::api::Answer answer) : cred::api::Answer(std::move(answer)) {}
};

// Either the engine or the way to credd.
struct cred_library {
  std::string configuration;  // as it was given
  std::string socket;
  std::uint32_t hashes = 1;  // that fit into the memory budget at once
  std::optional<cred::engine::Engine> engine;
};

struct cred_realm {
  std::string name;
  std::shared_ptr<cred::api::Accounts> accounts;
};

namespace cred::api {

// The size that a caller gave a struct; `first` is that of its first version. Throws Failure
// (usage).
inline std::size_t size_of(const void* given, std::size_t first) {
  constexpr std::size_t most = 4096;
  std::size_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < first || size > most)
    throw Failure(Code::usage, "the size of a struct is not set, see CRED_INIT");
  return size;
}

// A caller's struct as this version knows it: what an older caller does not have is nought.
// Throws Failure (usage).
template <typename Struct>
Struct known(const Struct* given, std::size_t first) {
  Struct whole{};
  whole.size = sizeof(Struct);
  if (given == nullptr) return whole;
  const std::size_t size = size_of(given, first);
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  for (std::size_t i = sizeof(Struct); i < size; ++i)
    if (bytes[i] != 0)
      throw Failure(Code::usage, "the caller asks for what this version of libcred does not have");
  std::memcpy(&whole, given, std::min(size, sizeof(Struct)));
  return whole;
}

inline std::string text_or_empty(const char* text) { return text != nullptr ? text : ""; }

// Throws Failure (usage).
inline std::string required(const char* text, const char* what) {
  if (text == nullptr) throw Failure(Code::usage, std::string("no ") + what + " was given");
  return text;
}

template <typename Handle>
Handle& required(Handle* handle) {
  if (handle == nullptr) throw Failure(Code::usage, "a handle is NULL");
  return *handle;
}

// Throws Failure (usage) and std::bad_alloc.
Secret secret_of(const void* password, std::size_t length);
Origin origin_of(const cred_origin* origin);
Person person_of(const cred_person* person);

// The answer of `work`, or what it threw.
template <typename Work>
Answer answer_of_work(Work&& work) noexcept {
  try {
    return work();
  } catch (const Failure& failure) {
    return {failure.error().code, failure.error().message, {}, {}, false, {}};
  } catch (const std::bad_alloc&) {
    return {Code::unavailable, {}, {}, {}, false, {}};
  } catch (...) {
    return {Code::internal, {}, {}, {}, false, {}};
  }
}

inline cred_code code_of(Code code) { return static_cast<cred_code>(code); }

// Runs `work` at the boundary: nothing is thrown past this.
template <typename Work>
cred_code at_the_boundary(cred_answer** place, Work&& work) noexcept {
  Answer answer = answer_of_work(std::forward<Work>(work));
  const cred_code code = code_of(answer.code);
  if (place != nullptr) *place = new (std::nothrow) cred_answer(std::move(answer));
  return code;
}

}  // namespace cred::api
