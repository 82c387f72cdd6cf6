#include "broker/server.hpp"

#include "base/waiting_line.hpp"
#include "broker/conversation.hpp"
#include "broker/engine_source.hpp"
#include "broker/listener.hpp"
#include "broker/notify.hpp"
#include "broker/service.hpp"

#include <algorithm>
#include <asio.hpp>
#include <atomic>
#include <csignal>
#include <future>
#include <list>
#include <map>
#include <sys/resource.h>
#include <syslog.h>
#include <thread>
#include <unistd.h>

namespace cred::broker {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A login host gives up after two minutes, sshd's LoginGraceTime.
constexpr auto patience = 60s;
constexpr std::size_t longest_line = 4096;
// For an answer in parts, to the last of them: whoever reads slowly holds up others.
constexpr auto longest_answer = 120s;
// Descriptors that are not for conversations: the store, lists, the log.
constexpr std::size_t kept_descriptors = 128;
constexpr std::size_t most_conversations = 16'384;
constexpr auto idle_exit = 60s;
// What a hash left in memory lies there so long while others wait for theirs; looked at after
// each answer and at each tick.
constexpr auto longest_unwiped = 100ms;
constexpr auto patience_at_stop = 90s;

struct Job {
  std::shared_ptr<Conversation> conversation;
  Secret body;
};

bool hashes(wire::Kind kind) {
  return kind == wire::Kind::authenticate || kind == wire::Kind::change ||
         kind == wire::Kind::reset || kind == wire::Kind::enrol;
}

Secret try_again() {
  wire::Reply reply;
  reply.code = Code::unavailable;
  return wire::encode(reply);
}

std::size_t room_for_conversations() {
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) != 0) return 512;
  const std::size_t all = descriptors.rlim_cur;
  return std::clamp<std::size_t>(all > kept_descriptors ? all - kept_descriptors : 1, 1,
                                 most_conversations);
}

class Server {
 public:
  Server(const ServerSettings& settings, int listener)
      : handed_over_(settings.listener >= 0),
        engine_(settings.configuration),
        acceptor_(loop_, asio::local::stream_protocol(), listener),
        signals_(loop_, SIGTERM, SIGINT, SIGHUP),
        tick_(loop_),
        hashing_(longest_line),
        quick_(longest_line),
        orders_(longest_line),
        most_(room_for_conversations()) {}

  void run() {
    engine_.keep_memory(std::min(hashers(), cores()));
    if (const auto opened = engine_.get(); !opened)
      syslog(LOG_ALERT, "%s", opened.error().message.c_str());
    start_workers();
    accept();
    wait_for_signals();
    tick();
    notify("READY=1");
    loop_.run();
    for (auto& worker : workers_) worker.join();
  }

 private:
  static std::size_t cores() { return std::max(1U, std::thread::hardware_concurrency()); }

  // As many as there are cores hash at once; one more reads and writes the store
  // meanwhile, so that no core waits for the disk.
  std::size_t hashers() const {
    return std::clamp<std::size_t>(engine_.hashes_at_once(), 1, cores() + 1);
  }

  void start_workers() {
    for (std::size_t i = hashers(); i > 0; --i) workers_.emplace_back([this] { work(hashing_); });
    workers_.emplace_back([this] { work(quick_); });
    // Administrators' lists may be long, and logins do not wait for them.
    workers_.emplace_back([this] { work(orders_); });
  }

  void accept() {
    acceptor_.async_accept([this](const asio::error_code& error, Conversation::Socket socket) {
      if (stopping_) return;
      if (!error) {
        welcome(std::move(socket));
        return accept();
      }
      // No descriptor is left, for example.
      drop_idle();
      pause_.expires_after(100ms);
      pause_.async_wait([this](const asio::error_code&) {
        if (!stopping_) accept();
      });
    });
  }

  void welcome(Conversation::Socket socket) {
    const auto peer = peer_of(socket.native_handle());
    if (!peer) return;
    // An ordinary user takes a quarter of the room at most, whatever was asked there.
    const std::size_t share = peer->uid == 0 ? most_ : std::max<std::size_t>(1, most_ / 4);
    if (conversations_of(peer->uid) >= share)
      drop_idle(peer->uid);
    else if (conversations_.size() >= most_)
      drop_idle();
    // None is idle: this one is closed.
    if (conversations_of(peer->uid) >= share || conversations_.size() >= most_) return;
    auto conversation = std::make_shared<Conversation>(
        std::move(socket), *peer,
        [this](Conversation::Pointer from, Secret body) {
          asked(std::move(from), std::move(body));
        },
        [this](const Conversation::Pointer& from) { forget(from); });
    conversations_.push_back(conversation);
    ++users_[peer->uid];
    last_used_ = Clock::now();
    conversation->start();
  }

  std::size_t conversations_of(uid_t uid) const {
    const auto user = users_.find(uid);
    return user == users_.end() ? 0 : user->second;
  }

  void forget(const Conversation::Pointer& conversation) {
    conversations_.remove(conversation);
    const auto user = users_.find(conversation->peer().uid);
    if (--user->second == 0) users_.erase(user);
  }

  // The one that has been here for longest, of this user or of all.
  void drop_idle(std::optional<uid_t> uid = std::nullopt) {
    const auto idle =
        std::find_if(conversations_.begin(), conversations_.end(),
                     [&](const auto& c) { return c->idle() && (!uid || c->peer().uid == *uid); });
    if (idle != conversations_.end()) Conversation::Pointer(*idle)->close();
  }

  static Secret not_understood() {
    wire::Reply reply;
    reply.code = Code::usage;
    return wire::encode(reply);
  }

  void ordered(Conversation::Pointer from, Secret body) {
    wire::Order order;
    if (!wire::decode(body.bytes(), order)) return from->answer(not_understood());
    const Principal principal{from->peer(), std::nullopt};
    const std::string source = "uid " + std::to_string(acting_uid(principal, order.real_uid));
    // One worker alone takes them: no two are under way for one account.
    enqueue(orders_, source, {}, {std::move(from), std::move(body)});
  }

  void asked(Conversation::Pointer from, Secret body) {
    if (wire::is_order(body.bytes())) return ordered(std::move(from), std::move(body));
    wire::Request request;
    if (!wire::decode(body.bytes(), request)) return from->answer(not_understood());
    auto& line = hashes(request.kind) ? hashing_ : quick_;
    const Principal principal{from->peer(), std::nullopt};
    const auto grants = engine_.grants();
    const std::string source = source_of(principal, request, *grants);
    const std::string account =
        realm_of(principal, request, *grants) + '/' + std::string(request.account);
    enqueue(line, source, account, {std::move(from), std::move(body)});
  }

  static void enqueue(WaitingLine<Job>& line, const std::string& source, const std::string& account,
                      Job job) {
    if (line.add(source, account, Clock::now() + patience, job)) return;
    // Whoever fills the line does not keep the others out of it.
    auto displaced = line.make_room(source);
    if (displaced) displaced->conversation->answer(try_again());
    if (!displaced || !line.add(source, account, Clock::now() + patience, job))
      job.conversation->answer(try_again());
  }

  // From a worker: hands a frame to the loop and waits until it went, so that no more than
  // one is held. False: it did not go, or the answer takes too long.
  bool send_part(const Conversation::Pointer& conversation, Secret frame, Clock::time_point end) {
    if (frame.empty()) return false;
    const auto went = std::make_shared<std::promise<bool>>();
    auto result = went->get_future();
    asio::post(loop_, [conversation, went, part = std::make_shared<Secret>(std::move(frame))] {
      conversation->part(std::move(*part), [went](bool all) { went->set_value(all); });
    });
    while (result.wait_for(100ms) != std::future_status::ready)
      if (ended_) return false;
    return result.get() && Clock::now() < end;
  }

  void work(WaitingLine<Job>& line) {
    while (auto next = line.next()) {
      auto& [account, job] = *next;
      Secret frame;
      if (!job.conversation->gone()) {
        Service service(engine_, refusals_, looks_, {job.conversation->peer(), std::nullopt});
        const auto end = Clock::now() + longest_answer;
        frame = service.answer(job.body.bytes(), [&, conversation = job.conversation](Secret part) {
          return send_part(conversation, std::move(part), end);
        });
      }
      line.done(account);
      asio::post(loop_, [conversation = std::move(job.conversation),
                         answer = std::make_shared<Secret>(std::move(frame))] {
        if (answer->empty())
          conversation->close();
        else
          conversation->answer(std::move(*answer));
      });
      // The answer is on its way. Where somebody waits the next hash writes over this one's
      // memory, if it comes to that.
      engine_.wipe_memory(line.size() == 0 ? 0ms : longest_unwiped);
    }
  }

  void tick() {
    for (auto* line : {&hashing_, &quick_, &orders_})
      for (auto& job : line->late(Clock::now())) job.conversation->answer(try_again());
    // Where a worker that has answered waits for the store, say.
    engine_.wipe_memory(longest_unwiped);
    if (watchdog_) notify("WATCHDOG=1");
    if (!conversations_.empty()) last_used_ = Clock::now();
    if (!stopping_ && handed_over_ && Clock::now() - last_used_ > idle_exit) stop();
    if (stopping_ && (conversations_.empty() || Clock::now() > stop_at_)) return end();
    tick_.expires_after(stopping_ ? 20ms : 500ms);
    tick_.async_wait([this](const asio::error_code& error) {
      if (!error) tick();
    });
  }

  void wait_for_signals() {
    signals_.async_wait([this](const asio::error_code& error, int signal) {
      if (error) return;
      if (signal != SIGHUP) return stop();
      notify("RELOADING=1");
      if (const auto reloaded = engine_.reload(); !reloaded)
        syslog(LOG_ALERT, "the configuration stays as it was: %s",
               reloaded.error().message.c_str());
      notify("READY=1");
      wait_for_signals();
    });
  }

  void stop() {
    if (stopping_) return;
    stopping_ = true;
    stop_at_ = Clock::now() + patience_at_stop;
    notify("STOPPING=1");
    asio::error_code ignored;
    (void)acceptor_.close(ignored);
    const auto all = conversations_;  // winding up alters the list
    for (const auto& conversation : all) conversation->wind_up();
    (void)tick_.cancel();
    asio::post(loop_, [this] { tick(); });
  }

  void end() {
    ended_ = true;
    hashing_.close();
    quick_.close();
    orders_.close();
    keep_.reset();
    loop_.stop();
  }

  const bool handed_over_;
  const bool watchdog_ = watchdog().has_value();
  EngineSource engine_;
  Refusals refusals_;
  Looks looks_;
  asio::io_context loop_;
  asio::executor_work_guard<asio::io_context::executor_type> keep_ = asio::make_work_guard(loop_);
  asio::local::stream_protocol::acceptor acceptor_;
  asio::signal_set signals_;
  asio::steady_timer tick_;
  asio::steady_timer pause_{loop_};
  WaitingLine<Job> hashing_;
  WaitingLine<Job> quick_;
  WaitingLine<Job> orders_;
  const std::size_t most_;
  std::list<Conversation::Pointer> conversations_;  // the oldest first
  std::map<uid_t, std::size_t> users_;              // how many of them each has
  std::vector<std::thread> workers_;
  Clock::time_point last_used_ = Clock::now();
  Clock::time_point stop_at_{};
  bool stopping_ = false;
  std::atomic<bool> ended_ = false;  // nothing is sent any more
};

}  // namespace

Expected<void> serve(const ServerSettings& settings) {
  int listener = settings.listener;
  if (listener < 0) {
    const auto made = make_listener(settings.socket_path);
    if (!made) return tl::make_unexpected(made.error());
    listener = *made;
  }
  Server(settings, listener).run();
  if (settings.listener < 0) (void)unlink(settings.socket_path.c_str());
  return {};
}

}  // namespace cred::broker
