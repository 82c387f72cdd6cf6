#include "scripted_credd.hpp"

#include "wire/channel.hpp"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace cred;

TemporaryDirectory::TemporaryDirectory() {
  std::string path = std::filesystem::temp_directory_path() / "pam-cred-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

wire::Reply says(Code code, wire::Reason reason, std::vector<std::string_view> messages) {
  wire::Reply reply;
  reply.code = code;
  reply.reason = reason;
  for (const auto message : messages) reply.message[reply.messages++] = message;
  return reply;
}

ScriptedCredd::ScriptedCredd(World world)
    : socket_(directory_.path() + "/credd.sock"), world_(std::move(world)) {
  listener_ = socket_.size() < sizeof(sockaddr_un::sun_path)
                  ? ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
                  : -1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_.c_str(), sizeof address.sun_path - 1);
  if (listener_ < 0 ||
      bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 64) != 0 || pipe2(stop_, O_CLOEXEC) != 0)
    throw std::runtime_error("cannot listen");
  thread_ = std::thread([this] { serve(); });
}

ScriptedCredd::~ScriptedCredd() {
  (void)close(stop_[1]);
  thread_.join();
  (void)close(stop_[0]);
  (void)close(listener_);
}

void ScriptedCredd::become(World world) {
  const std::lock_guard lock(mutex_);
  world_ = std::move(world);
}

void ScriptedCredd::act(std::function<void(int)> act) {
  const std::lock_guard lock(mutex_);
  act_ = std::move(act);
}

std::vector<Seen> ScriptedCredd::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::vector<wire::Kind> ScriptedCredd::kinds() const {
  std::vector<wire::Kind> kinds;
  for (const Seen& one : seen()) kinds.push_back(one.kind);
  return kinds;
}

void ScriptedCredd::keep_no_record() {
  const std::lock_guard lock(mutex_);
  recording_ = false;
}

void ScriptedCredd::wait_until_idle() const {
  for (int i = 0; i < 5000; ++i) {
    {
      const std::lock_guard lock(mutex_);
      if (finished_ == requests_) return;
    }
    (void)usleep(1000);
  }
}

void ScriptedCredd::serve() {
  for (;;) {
    pollfd watched[] = {{listener_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    std::function<void(int)> act;
    {
      const std::lock_guard lock(mutex_);
      act = act_;
    }
    if (act) {
      act(fd);
      (void)close(fd);
    } else {
      converse(fd);
    }
    const std::lock_guard lock(mutex_);
    ++finished_;
  }
}

void ScriptedCredd::converse(int fd) {
  wire::Channel channel(fd);
  Secret body;
  wire::Request request;
  if (channel.receive(body, 5000) != wire::Io::done || !wire::decode(body.bytes(), request)) return;
  const wire::Reply reply = answer(request);
  bool silent = false;
  bool rubbish = false;
  {
    const std::lock_guard lock(mutex_);
    silent = world_.silent_at == request.kind;
    rubbish = world_.rubbish_at == request.kind;
  }
  if (silent) return;
  // A request is well framed and no reply.
  (void)channel.send(rubbish ? wire::encode(request) : wire::encode(reply), 5000);
}

wire::Reply ScriptedCredd::answer(const wire::Request& request) {
  const auto text = [](std::span<const std::byte> bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const std::lock_guard lock(mutex_);
  ++requests_;
  if (recording_)
    seen_.push_back({request.kind, std::string(request.realm), std::string(request.account),
                     std::string(request.source.service), std::string(request.source.tty),
                     std::string(request.source.rhost), std::string(request.source.ruser),
                     text(request.old_password), text(request.password), request.passwordless});
  const bool known = request.account == world_.name;
  switch (request.kind) {
    case wire::Kind::authenticate:
      return known && text(request.password) == world_.password ? world_.authenticated
                                                                : world_.refused;
    case wire::Kind::account: return known ? world_.account : says(Code::not_found);
    case wire::Kind::check: {
      const wire::Reply reply = world_.checks.front();
      if (world_.checks.size() > 1) world_.checks.erase(world_.checks.begin());
      return reply;
    }
    case wire::Kind::rules: return says(Code::accepted);
    case wire::Kind::session: return known ? world_.session : says(Code::not_found);
    case wire::Kind::enrol: return world_.enrolled;
    case wire::Kind::change:
    case wire::Kind::reset: break;
  }
  if (!request.old_password.empty() && text(request.old_password) != world_.password)
    return says(Code::refused, wire::Reason::old_password);
  return world_.change;
}
