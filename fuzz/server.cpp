// The whole server: its event loop, the conversations, the line and the engine behind
// them. An input is a script of what several callers do; whatever they do, every whole
// request is answered, and the next caller is served.
//
// The script, up to its end:
//   one byte: the lower three bits say what, the next two which of four connections
//     0  opens it anew
//     1  sends the bytes of a chunk as they are; with bit 5 one by one
//     2  sends a chunk as a request's body, with the header that it needs
//     3  half-closes it
//     4  closes it with answers owed
//     5  waits for every answer that is owed
//     6  sends a request that encodes: a byte for its kind and uid, then its texts
//     7  lets the server run
//   a chunk is its length in two bytes and as many bytes, or what is left; a text is a
//   chunk with one byte for its length

#include "base/language.hpp"
#include "broker/server.hpp"
#include "engine/engine.hpp"
#include "wire/administration.hpp"
#include "wire/channel.hpp"
#include "wire/message.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <poll.h>
#include <pwd.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

using namespace cred;

// The cheapest hash that a configuration may ask for takes several ms. This one stands before
// libsodium's, which CRED_ARGON2 chooses, and computes a small one instead; what the self-test asks
// is small anyway.
extern "C" __attribute__((visibility("default"))) int crypto_pwhash_argon2id(
    unsigned char* out, unsigned long long size, const char* password, unsigned long long length,
    const unsigned char* salt, unsigned long long passes, std::size_t memory, int algorithm) {
  using Hash = decltype(&crypto_pwhash_argon2id);
  static const auto real = reinterpret_cast<Hash>(dlsym(RTLD_NEXT, "crypto_pwhash_argon2id"));
  constexpr std::size_t small = 64 * 1024;
  return memory > small ? real(out, size, password, length, salt, 1, 8192, algorithm)
                        : real(out, size, password, length, salt, passes, memory, algorithm);
}

namespace {

constexpr int patience_ms = 10'000;

[[noreturn]] void fail_with(const char* what) {
  std::fprintf(stderr, "fuzz_server: %s\n", what);
  std::abort();
}

// Who may be asked about by this process: root asks about everybody.
std::string own_name() {
  const passwd* entry = getpwuid(getuid());
  return entry != nullptr ? entry->pw_name : "root";
}

// A server on a store of its own, until the process ends.
class Running {
 public:
  Running() {
    (void)setenv("CRED_ARGON2", "sodium", 1);
    const bool shm = access("/dev/shm", W_OK) == 0;  // a disk would take most of the time
    std::string pattern =
        (shm ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path()) /
        "cred-fuzz-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) fail_with("mkdtemp failed");
    directory_ = pattern;
    const std::string configuration = pattern + "/cred.conf";
    std::ofstream(configuration) << "[store]\nurl = \"sqlite:" << pattern
                                 << "/cred.db\"\n[keys]\nroot = \"file:" << pattern
                                 << "/root.key\"\n[hash]\nmemory = \"7 MiB\"\npasses = 5\n"
                                    "lanes = 1\n[attempts]\nthreshold = 100\ndelay = \"1s\"\n";
    const auto loaded = value_or_throw(engine::load_configuration(configuration));
    value_or_throw(engine::Engine::initialise(loaded));
    auto engine = value_or_throw(engine::Engine::open(loaded, std::make_shared<SystemClock>()));
    auto realm = value_or_throw(engine.realm("system"));
    for (const std::string& name : {own_name(), std::string("alice")})
      (void)value_or_throw(
          realm.enrol(name, {}, Secret::copy_of("Correct-Horse-42", 16), false, {"fuzz"}));
    serve(configuration);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { std::filesystem::remove_all(directory_); }

  int connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strcpy(address.sun_path, (directory_ + "/credd.sock").c_str());
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
    (void)close(fd);
    return -1;
  }

 private:
  // The server takes the signals that end a process. Here they are libFuzzer's.
  void serve(const std::string& configuration) {
    constexpr std::array signals{SIGTERM, SIGINT, SIGHUP};
    std::array<struct sigaction, signals.size()> before{};
    for (std::size_t i = 0; i < signals.size(); ++i)
      (void)sigaction(signals[i], nullptr, &before[i]);
    std::thread([configuration, socket = directory_ + "/credd.sock"] {
      (void)broker::serve({configuration, -1, socket});
      fail_with("the server came to an end");
    }).detach();
    wire::Channel first;
    for (int i = 0; i < 3000 && !first.open(); ++i) {
      (void)usleep(1000);
      first = wire::Channel(connect());
    }
    // It answers: by now it has taken the signals.
    wire::Request request;
    request.kind = wire::Kind::rules;
    Secret body;
    if (first.send(wire::encode(request), patience_ms) != wire::Io::done ||
        first.receive(body, patience_ms) != wire::Io::done)
      fail_with("the server does not begin");
    for (std::size_t i = 0; i < signals.size(); ++i)
      (void)sigaction(signals[i], &before[i], nullptr);
  }

  std::string directory_;
};

const Running& server() {
  static const Running running;
  return running;
}

// One caller, and what it may expect.
class Caller {
 public:
  bool open() const { return channel_.open(); }
  void connect() {
    channel_ = wire::Channel(server().connect());
    if (!open()) fail_with("nobody accepts");
    owed_ = 0;
    sent_.clear();
    spoilt_ = false;
  }
  void hang_up() { channel_ = wire::Channel(); }
  void half_close() const { (void)shutdown(channel_.fd(), SHUT_WR); }

  void say(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      const auto sent =
          send(channel_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent <= 0) return;  // it hung up, or does not listen while it owes an answer
      count(bytes.first(static_cast<std::size_t>(sent)));
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    }
  }

  void hear_all() {
    while (owed_ > 0) {
      Secret body;
      wire::Reply reply;
      wire::Part part;
      wire::Result result;
      if (channel_.receive(body, patience_ms) != wire::Io::done) fail_with("no answer came");
      if (wire::decode(body.bytes(), part)) continue;
      Code code = Code::internal;
      if (wire::decode(body.bytes(), result))
        code = result.code;
      else if (wire::decode(body.bytes(), reply))
        code = reply.code;
      else
        fail_with("an answer does not decode");
      if (code == Code::internal) fail_with("an answer says that the server failed");
      --owed_;
    }
    if (!spoilt_) return;
    Secret body;
    const auto end = channel_.receive(body, patience_ms);
    if (end != wire::Io::closed && end != wire::Io::broken)
      fail_with("what spoils a connection did not end it");
  }

 private:
  // Each whole request is owed an answer, up to the first impossible length.
  void count(std::span<const std::byte> bytes) {
    sent_.insert(sent_.end(), bytes.begin(), bytes.end());
    while (!spoilt_ && sent_.size() >= wire::header_bytes) {
      const std::uint32_t length = Reader(sent_).u32();
      spoilt_ = length == 0 || length > wire::max_body_bytes;
      if (spoilt_ || sent_.size() < wire::header_bytes + length) return;
      ++owed_;
      sent_.erase(sent_.begin(), sent_.begin() + wire::header_bytes + length);
    }
  }

  wire::Channel channel_;
  std::vector<std::byte> sent_;  // of the request that is not whole
  int owed_ = 0;
  bool spoilt_ = false;
};

using Script = std::span<const std::byte>;

// What is left, where less is left than its length says.
Script take(Script& script, std::size_t width) {
  Reader reader(script);
  const std::size_t length = reader.integer(width);
  if (!reader.ok() || length > reader.left()) return std::exchange(script, {});
  const Script taken = reader.take(length);
  script = script.subspan(width + length);
  return taken;
}
Script take_chunk(Script& script) { return take(script, 2); }
std::string_view as_text(Script text) {
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}
// Up to a NUL, which no text on the wire has.
std::string_view take_text(Script& script) {
  const std::string_view text = as_text(take(script, 1));
  return text.substr(0, text.find('\0'));
}

Secret take_request(Script& script) {
  const auto first = script.empty() ? 0U : std::to_integer<unsigned>(script.front());
  script = script.subspan(script.empty() ? 0 : 1);
  wire::Request request;
  request.kind = static_cast<wire::Kind>(first & 7);
  request.real_uid = (first & 8) != 0 ? 0xffffffff : first >> 4;
  request.account = take_text(script);
  request.password = take(script, 1);
  request.old_password = take(script, 1);
  request.source.language = take_text(script);
  if (!is_language(request.source.language)) request.source.language = {};
  request.source.rhost = take_text(script);
  request.source.ruser = take_text(script);
  request.source.service = take_text(script);
  request.source.tty = take_text(script);
  request.realm = take_text(script);
  if (request.realm.empty()) request.realm = "system";
  return wire::encode(request);
}

std::vector<std::byte> framed(Script body) {
  std::vector<std::byte> frame(wire::header_bytes + body.size());
  Writer writer(frame);
  writer.u32(static_cast<std::uint32_t>(body.size()));
  writer.put(body);
  return frame;
}

void act(Script& script, std::array<Caller, 4>& callers) {
  const auto step = std::to_integer<unsigned>(script.front());
  script = script.subspan(1);
  Caller& caller = callers[(step >> 3) & 3];
  if ((step & 7) == 0 || !caller.open()) caller.connect();
  switch (step & 7) {
    case 1:
      if ((step & 32) == 0)
        caller.say(take_chunk(script));
      else
        for (const std::byte& byte : take_chunk(script)) caller.say({&byte, 1});
      break;
    case 2: caller.say(framed(take_chunk(script))); break;
    case 3: caller.half_close(); break;
    case 4: caller.hang_up(); break;
    case 5: caller.hear_all(); break;
    case 6: caller.say(take_request(script).bytes()); break;
    case 7: (void)usleep(200); break;
    default: break;
  }
}

// Somebody new is served, whatever the others did.
void served_still() {
  wire::Channel channel(server().connect());
  wire::Request request;
  request.kind = wire::Kind::account;
  const std::string name = own_name();
  request.realm = "system";
  request.account = name;
  Secret body;
  wire::Reply reply;
  if (channel.send(wire::encode(request), patience_ms) != wire::Io::done ||
      channel.receive(body, patience_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
    fail_with("the next caller is not served");
  if (reply.code != Code::accepted && reply.code != Code::must_change)
    fail_with("the next caller is answered wrongly");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto script = std::as_bytes(std::span(data, size));
  {
    std::array<Caller, 4> callers;
    while (!script.empty()) act(script, callers);
    for (Caller& caller : callers)
      if (caller.open()) caller.hear_all();
  }
  served_still();
  return 0;
}
