// A service that knows libcred by its installed header, library and pkg-config file
// alone: enrols, logs in, changes, and is refused as it should be.

#include <cred/cred.hpp>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace {

cred::Password bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "service: %s\n", what);
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  expect(argc == 3, "usage: service CONFIG NAME");
  const std::string_view name = argv[2];
  expect(!cred::Library::open("/nonexistent").answer(), "a missing configuration is an error");
  auto library = cred::Library::open(argv[1]);
  expect(static_cast<bool>(library.answer()), library.answer().message.c_str());
  expect(library.realm("nowhere").answer().outcome == cred::Outcome::not_found, "unknown realm");
  auto realm = library.realm("system");
  expect(static_cast<bool>(realm.answer()), "realm system opens");

  const auto weak = realm.enrol(name, {"Alice Miller", ""}, bytes("miller"), false, "test");
  expect(weak.outcome == cred::Outcome::refused && weak.violations.size() >= 5, "weak is refused");
  expect(static_cast<bool>(
             realm.enrol(name, {"Alice Miller", ""}, bytes("Correct-Horse-42"), false, "test")),
         "enrol");
  expect(static_cast<bool>(realm.authenticate(name, bytes("Correct-Horse-42"))), "login");
  const auto wrong = realm.authenticate(name, bytes("Correct-Horse-43"));
  expect(wrong.outcome == cred::Outcome::refused && !wrong.message.empty(), "wrong is refused");
  expect(realm.status(name).attempts_left == 4, "the failure is counted");
  expect(
      static_cast<bool>(realm.change(name, bytes("Correct-Horse-42"), bytes("Purple-Tractor-77"))),
      "change");
  expect(realm.check(name, bytes("Correct-Horse-42")).violations.at(0).rule == "history",
         "reuse is refused");
  expect(static_cast<bool>(realm.expire(name, "test")), "expire");
  expect(realm.authenticate(name, bytes("Purple-Tractor-77")).outcome == cred::Outcome::must_change,
         "an expired password must be changed");
  expect(realm.status("bob").answer.outcome == cred::Outcome::not_found, "unknown account");
  return 0;
}
