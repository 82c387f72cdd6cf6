#include "cli/credd_client.hpp"

#include "wire/administration.hpp"
#include "wire/broker_link.hpp"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr int reply_ms = 150'000;

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

Expected<wire::Channel> reach(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return tl::make_unexpected(configuration.error());
  wire::Broker broker;
  broker.socket = configuration->broker_socket.c_str();
  if (!session.config.empty()) broker.configuration = session.config.c_str();
  auto channel = wire::connect(broker);
  if (!channel.open())
    return cred::fail(Code::unavailable,
                      std::string("credd cannot be reached: ") + std::strerror(errno));
  return channel;
}

tl::unexpected<Error> no_answer() {
  return cred::fail(Code::unavailable, "credd did not answer; see the system log");
}

// Puts the lines of an answer together again. The last one is not a row: it tells what came
// of the command.
class Lines {
 public:
  explicit Lines(const administration::Row& row) : row_(row) {}

  void add(std::span<const std::byte> text) {
    text_.append(reinterpret_cast<const char*>(text.data()), text.size());
    std::size_t begin = 0;
    for (std::size_t end = text_.find('\n'); end != std::string::npos;
         end = text_.find('\n', begin)) {
      if (last_) (void)row_(nlohmann::json::parse(*last_));
      last_ = text_.substr(begin, end - begin);
      begin = end + 1;
    }
    text_.erase(0, begin);
    if (text_.size() > longest) throw Failure(no_answer().value());
  }
  nlohmann::json last() const {
    auto object = nlohmann::json::parse(last_.value_or("{}"));
    return object.is_object() ? object : nlohmann::json::object();
  }

 private:
  static constexpr std::size_t longest = 16 * 1024 * 1024;
  const administration::Row& row_;
  std::string text_;
  std::optional<std::string> last_;
};

// Throws Failure.
administration::Outcome answer_of(wire::Channel& channel, const administration::Row& row) {
  Lines lines(row);
  for (;;) {
    Secret body;
    wire::Part part;
    wire::Result result;
    wire::Reply reply;
    if (channel.receive(body, reply_ms) != wire::Io::done) break;
    if (wire::decode(body.bytes(), part)) {
      lines.add(part.text);
    } else if (wire::decode(body.bytes(), result)) {
      auto password = Secret::copy_of(result.password);
      if (!password.ok()) throw Failure(Code::unavailable, "no memory for a password");
      return {result.code, lines.last(), std::move(password)};
    } else if (wire::decode(body.bytes(), reply)) {
      throw Failure(reply.code == Code::accepted ? Code::unavailable : reply.code,
                    reply.code == Code::unavailable ? "credd has too much to do; try again later"
                                                    : "credd did not understand the command");
    } else {
      break;
    }
  }
  throw Failure(no_answer().value());
}

}  // namespace

administration::Outcome order(const Session& session, const std::string& realm,
                              const administration::Command& command, const Secret* password,
                              const administration::Row& row) {
  using administration::Outcome;
  const std::string tty = terminal_name();
  wire::Order order;
  order.real_uid = getuid();
  order.realm = realm;
  order.command = word(command.operation);
  order.tty = tty;
  order.language = session.languages;
  if (password != nullptr) order.password = password->bytes();
  std::vector<std::string> texts;
  for (const auto& [key, value] : command.arguments) texts.push_back(key + "=" + value);
  const bool fits = texts.size() <= wire::max_arguments;
  for (std::size_t i = 0; fits && i < texts.size(); ++i) order.argument[i] = texts[i];
  order.arguments = texts.size();
  const Secret frame = wire::encode(order);
  if (frame.empty())
    return Outcome::failed({Code::usage, "this is too long for credd; give it in parts"});
  auto channel = reach(session);
  if (!channel) return Outcome::failed(channel.error());
  try {
    if (channel->send(frame, reply_ms) != wire::Io::done)
      return Outcome::failed(no_answer().value());
    return answer_of(*channel, row);
  } catch (const Failure& failure) {
    return Outcome::failed(failure.error());
  } catch (const nlohmann::json::exception&) {
    return Outcome::failed(no_answer().value());
  }
}

std::string own_login() {
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : "";
}

Expected<CreddAnswer> CreddClient::ask(wire::Kind kind, const Secret* old_password,
                                       const Secret* password, bool must_change) const {
  if (account_.empty()) return cred::fail(Code::not_found, "you have no login name");
  wire::Request request;
  request.kind = kind;
  request.real_uid = getuid();
  request.must_change = must_change;
  request.realm = session_.realm_name;
  request.account = account_;
  request.source.service = "credctl";
  request.source.language = session_.languages;
  if (old_password != nullptr) request.old_password = old_password->bytes();
  if (password != nullptr) request.password = password->bytes();
  const Secret frame = wire::encode(request);
  if (frame.empty()) return cred::fail(Code::usage, "the name or the password is too long");
  auto channel = reach(session_);
  if (!channel) return tl::make_unexpected(channel.error());
  Secret body;
  wire::Reply reply;
  if (channel->send(frame, reply_ms) != wire::Io::done ||
      channel->receive(body, reply_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
    return no_answer();
  CreddAnswer answer;
  answer.code = reply.code;
  answer.reason = from_wire(reply.reason);
  if (reply.due >= 0) answer.due = Time(std::chrono::seconds(reply.due));
  if (reply.strength != wire::unknown_strength) answer.strength = reply.strength;
  for (std::size_t i = 0; i < reply.messages; ++i) answer.messages.emplace_back(reply.message[i]);
  return answer;
}

}  // namespace cred::cli
