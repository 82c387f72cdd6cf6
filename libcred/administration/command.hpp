// What administrators ask of a realm, apart from where it runs: credctl runs it on the
// store, credd for those who may not open that.
#pragma once

#include "engine/engine.hpp"

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cred::administration {

struct Command {
  engine::Operation operation{};
  // By their keys, such as "account" and "reason"; a key may come several times. perform.cpp
  // says which command takes which.
  std::vector<std::pair<std::string, std::string>> arguments{};

  Command& with(std::string key, std::string value) {
    arguments.emplace_back(std::move(key), std::move(value));
    return *this;
  }
  Command& with_given(std::string key, const std::string& value) {
    return value.empty() ? *this : with(std::move(key), value);
  }
  Command& with_flag(std::string key, bool set) {
    return set ? with(std::move(key), "yes") : *this;
  }
  // The first of this key, or empty.
  std::string_view argument(std::string_view key) const;
  // The account that it is about, or empty.
  std::string_view account() const { return argument("account"); }
};

// For whom, and in which realm.
struct Desk {
  engine::Engine& engine;
  std::string realm;
  engine::Actor actor;
  // Root, or who else has store and key, or the realm's own service: may set a password that
  // stays.
  bool holds_key = false;
  // What the actor grants ends no later.
  std::optional<Time> latest_end{};
  std::function<void(std::uint64_t)> progress{};
};

struct Outcome {
  Code code = Code::accepted;
  // What --json shows, but for rows and the status; with another code than `accepted` a
  // "message", and "violations" where the policy refused.
  nlohmann::json details = nlohmann::json::object();
  Secret password{};  // that was generated; to be shown once

  static Outcome failed(const Error& error) {
    return {error.code, {{"message", error.message}}, {}};
  }
  std::string message() const { return details.value("message", ""); }
};

// Gets each row of a list, in its order, and answers false where nobody wants more.
using Row = std::function<bool(const nlohmann::json&)>;
// What --json calls the rows of this command; empty: it has none.
std::string_view rows_of(engine::Operation operation) noexcept;

// Does not ask whether the actor may. `password` is for `passwd` and `user add`, unless they
// have "generate". Throws nothing that the engine does not.
Outcome perform(const Desk& desk, const Command& command, const Secret* password, const Row& row);

}  // namespace cred::administration
