// The public calls through credd, for programs that may not open the store. What credd
// grants a realm's service goes as a request, the rest as an administrator's order.

#include "api/accounts.hpp"

#include "wire/administration.hpp"
#include "wire/broker_link.hpp"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <unistd.h>
#include <utility>

namespace cred::api {
namespace {

constexpr int reply_ms = 150'000;
// Of what is read of an answer in parts.
constexpr std::size_t longest_text = 1024 * 1024;

engine::Reason from_wire(wire::Reason reason) {
  switch (reason) {
    case wire::Reason::none: break;
    case wire::Reason::expired: return engine::Reason::expired;
    case wire::Reason::forced: return engine::Reason::forced;
    case wire::Reason::compromised: return engine::Reason::compromised;
    case wire::Reason::grace_over: return engine::Reason::grace_over;
    case wire::Reason::too_early: return engine::Reason::too_early;
    case wire::Reason::locked: return engine::Reason::locked;
    case wire::Reason::disabled: return engine::Reason::disabled;
    case wire::Reason::policy: return engine::Reason::policy;
    case wire::Reason::old_password: return engine::Reason::old_password;
    case wire::Reason::idle: return engine::Reason::idle;
  }
  return engine::Reason::none;
}

// What came of an order.
struct Done {
  Code code = Code::internal;
  nlohmann::json details = nlohmann::json::object();
};

Answer answer_of(const Done& done) {
  if (done.code == Code::accepted) return accepted();
  Answer answer = failed({done.code, done.details.value("message", "")});
  const auto violations = done.details.find("violations");
  if (violations == done.details.end() || !violations->is_array()) return answer;
  answer.reason = engine::Reason::policy;
  for (const auto& violation : *violations)
    answer.violations.push_back({violation.value("rule", ""), violation.value("message", "")});
  return answer;
}

class CreddAccounts final : public Accounts {
 public:
  CreddAccounts(std::string socket, std::string configuration, std::string realm)
      : socket_(std::move(socket)),
        configuration_(std::move(configuration)),
        realm_(std::move(realm)) {}

  Answer authenticate(const std::string& name, const Secret& password,
                      const Origin& origin) override {
    return ask(wire::Kind::authenticate, name, nullptr, &password, false, origin);
  }
  Answer check(const std::optional<std::string>& name, const Secret& password,
               const Origin& origin) override {
    if (!name) return failed({Code::usage, "credd checks a password for an account: name one"});
    return ask(wire::Kind::check, *name, nullptr, &password, false, origin);
  }
  Answer change(const std::string& name, const Secret& old_password, const Secret& new_password,
                const Origin& origin) override {
    return ask(wire::Kind::change, name, &old_password, &new_password, false, origin);
  }
  Answer reset(const std::string& name, const Secret& password, bool must_change,
               const Origin& origin) override {
    return ask(wire::Kind::reset, name, nullptr, &password, must_change, origin);
  }

  Answer enrol(const std::string& name, const Person& person, const Secret& password,
               bool must_change, const Origin&) override {
    std::vector<std::string> arguments{"account=" + name};
    const auto with = [&](const char* key, const std::string& value) {
      if (!value.empty()) arguments.push_back(std::string(key) + "=" + value);
    };
    with("full_name", person.full_name);
    with("email", person.email);
    with("birth_date", person.birth_date);
    with("phone", person.phone);
    if (must_change) with("must_change", "yes");
    return answer_of(order(engine::Operation::user_add, arguments, &password));
  }
  Answer expire(const std::string& name, const Origin&) override {
    return answer_of(order(engine::Operation::expire, {"account=" + name}));
  }
  Answer compromise(const std::string& name, const std::string& reason, bool lock,
                    const Origin&) override {
    std::vector<std::string> arguments{"account=" + name, "reason=" + reason};
    if (lock) arguments.emplace_back("lock=yes");
    return answer_of(order(engine::Operation::compromise, arguments));
  }

  Answer scan(const std::string&, std::string_view, const std::string&, const Origin&) override {
    return failed(
        {Code::unavailable, "messages are looked through where the store is, not by credd"});
  }

  Status status(const std::string& name) override {
    Status status;
    status.answer = ask(wire::Kind::account, name, nullptr, nullptr, false, {});
    const bool known = status.answer.code == Code::accepted ||
                       status.answer.code == Code::must_change ||
                       status.answer.code == Code::locked;
    if (!known) return status;
    status.standing.code = status.answer.code;
    status.standing.reason = status.answer.reason;
    status.standing.due = status.answer.due;
    status.answer = accepted();
    return status;
  }

  Epoch session_epoch(const std::string& name) override {
    const Done done = order(engine::Operation::status, {"account=" + name});
    const auto epoch = done.details.find("session_epoch");
    if (done.code == Code::accepted &&
        (epoch == done.details.end() || !epoch->is_number_unsigned()))
      return {no_answer(), 0};
    return {answer_of(done),
            done.code == Code::accepted ? epoch->get<std::uint64_t>() : std::uint64_t{0}};
  }

 private:
  static Answer no_answer() {
    return failed({Code::unavailable, "credd did not answer; see the system log"});
  }

  // Throws Failure (unavailable).
  wire::Channel reach() const {
    wire::Broker broker;
    broker.socket = socket_.c_str();
    if (!configuration_.empty()) broker.configuration = configuration_.c_str();
    auto channel = wire::connect(broker);
    if (!channel.open())
      throw Failure(Code::unavailable,
                    std::string("credd cannot be reached: ") + std::strerror(errno));
    return channel;
  }

  Answer ask(wire::Kind kind, const std::string& name, const Secret* old_password,
             const Secret* password, bool must_change, const Origin& origin) const {
    wire::Request request;
    request.kind = kind;
    request.real_uid = getuid();
    request.must_change = must_change;
    request.realm = realm_;
    request.account = name;
    request.source.service = origin.service;
    request.source.tty = origin.terminal;
    request.source.rhost = origin.host;
    if (old_password != nullptr) request.old_password = old_password->bytes();
    if (password != nullptr) request.password = password->bytes();
    const Secret frame = wire::encode(request);
    if (frame.empty())
      return failed({Code::usage, "the name, the origin or the password is too long"});
    auto channel = reach();
    Secret body;
    wire::Reply reply;
    if (channel.send(frame, reply_ms) != wire::Io::done ||
        channel.receive(body, reply_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
      return no_answer();
    Answer answer = accepted();
    answer.code = reply.code;
    answer.reason = from_wire(reply.reason);
    if (reply.due >= 0) answer.due = Time(std::chrono::seconds(reply.due));
    answer.warn = reply.warn;
    if (reply.code == Code::accepted) return answer;
    answer.message = sentence(answer.code, answer.reason);
    for (std::size_t i = 0; i < reply.messages; ++i) {
      if (answer.reason == engine::Reason::policy)
        answer.violations.push_back({"policy", std::string(reply.message[i])});
      else if (reply.code == Code::usage || reply.code == Code::conflict)
        answer.message = reply.message[i];
    }
    if (answer.message.empty() && reply.code == Code::configuration)
      answer.message =
          "credd does not tell this user, or is not configured rightly; its log "
          "says which";
    return answer;
  }

  // Throws Failure (unavailable).
  Done order(engine::Operation operation, const std::vector<std::string>& arguments,
             const Secret* password = nullptr) const {
    wire::Order order;
    order.real_uid = getuid();
    order.realm = realm_;
    order.command = word(operation);
    if (password != nullptr) order.password = password->bytes();
    for (const auto& argument : arguments) order.argument[order.arguments++] = argument;
    const Secret frame = wire::encode(order);
    if (frame.empty()) return {Code::usage, {{"message", "this is too long for credd"}}};
    auto channel = reach();
    if (channel.send(frame, reply_ms) != wire::Io::done) return unanswered();
    std::string text;
    for (Secret body; channel.receive(body, reply_ms) == wire::Io::done;) {
      wire::Part part;
      wire::Result result;
      wire::Reply reply;
      if (wire::decode(body.bytes(), part) && text.size() + part.text.size() <= longest_text) {
        text.append(reinterpret_cast<const char*>(part.text.data()), part.text.size());
      } else if (wire::decode(body.bytes(), result)) {
        auto details = nlohmann::json::parse(text, nullptr, false);
        if (!details.is_object()) return unanswered();
        return {result.code, std::move(details)};
      } else if (wire::decode(body.bytes(), reply) && reply.code == Code::unavailable) {
        return {Code::unavailable, {{"message", "credd has too much to do; try again later"}}};
      } else {
        break;
      }
    }
    return unanswered();
  }
  static Done unanswered() { return {Code::unavailable, {{"message", no_answer().message}}}; }

  const std::string socket_;
  const std::string configuration_;
  const std::string realm_;
};

}  // namespace

std::unique_ptr<Accounts> credd_accounts(std::string socket, std::string configuration,
                                         std::string realm) {
  return std::make_unique<CreddAccounts>(std::move(socket), std::move(configuration),
                                         std::move(realm));
}

}  // namespace cred::api
