// Installations with one fault each, made of real files; and one without any.

#include "cli/doctor/doctor.hpp"

#include "engine/engine.hpp"
#include "journal/anchor.hpp"
#include "support/fake_clock.hpp"
#include "support/temporary.hpp"
#include "wire/channel.hpp"
#include "wire/message.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <poll.h>
#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;
using namespace cred;
using doctor::Finding;

namespace {

// Answers each question with the same bytes.
class Answering {
 public:
  explicit Answering(const std::string& path) : path_(path) { start(); }
  ~Answering() { stop(); }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  void stop() {
    ended_ = true;
    if (thread_.joinable()) thread_.join();
    if (listener_ >= 0) (void)close(listener_);
    listener_ = -1;
  }
  Code code = Code::accepted;
  bool silent = false;
  bool hangs_up = false;
  std::byte version{wire::version};

 private:
  void start() {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(chmod(path_.c_str(), 0666) == 0);
    REQUIRE(listen(listener_, 4) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  void serve() {
    std::vector<wire::Channel> kept;
    while (!ended_) {
      pollfd waiting{listener_, POLLIN, 0};
      if (poll(&waiting, 1, 20) <= 0) continue;
      wire::Channel channel(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
      Secret body;
      if (channel.receive(body, 5000) != wire::Io::done || hangs_up) continue;
      wire::Reply reply;
      reply.code = code;
      Secret frame = wire::encode(reply);
      frame.writable()[wire::header_bytes] = version;
      if (!silent) (void)channel.send(frame, 5000);
      kept.push_back(std::move(channel));
    }
  }
  const std::string path_;
  int listener_ = -1;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

// As the README has it.
const std::map<std::string, std::string> stacks{
    {"common-auth",
     "auth [success=2 default=ignore] pam_cred.so\n"
     "auth [success=1 default=ignore] pam_unix.so try_first_pass\n"
     "auth requisite pam_deny.so\n"
     "auth required pam_permit.so\n"},
    {"common-account",
     "account [success=ok new_authtok_reqd=ok user_unknown=ignore authinfo_unavail=ignore "
     "module_unknown=ignore default=bad] pam_cred.so\n"
     "account required pam_unix.so\n"},
    {"common-password",
     "password [success=2 user_unknown=ignore default=die] pam_cred.so retry=3\n"
     "password [success=1 default=ignore] pam_unix.so obscure yescrypt\n"
     "password requisite pam_deny.so\n"
     "password required pam_permit.so\n"},
    {"common-session", "session required pam_unix.so\nsession optional pam_cred.so\n"},
    {"sshd",
     "@include common-auth\naccount required pam_nologin.so\n@include common-account\n"
     "@include common-session\n@include common-password\n"},
    {"su",
     "auth sufficient pam_rootok.so\n@include common-auth\n@include common-account\n"
     "@include common-session\n"},
    {"passwd", "@include common-password\n"},
    {"imap",
     "auth required pam_cred.so\naccount required pam_cred.so\n"
     "password required pam_cred.so retry=3\nsession required pam_cred.so\n"},
    {"other",
     "@include common-auth\n@include common-account\n@include common-password\n"
     "@include common-session\n"}};

class Installation {
 public:
  Installation() {
    umask(022);
    for (const char* name : {"etc/cred/cred.conf.d", "etc/pam.d", "run/cred", "var/lib",
                             "usr/lib/security", "usr/sbin"})
      fs::create_directories(root / name);
    for (const auto& [name, text] : stacks) write("etc/pam.d/" + name, text);
    write("usr/lib/security/pam_cred.so", "");
    write("usr/sbin/credd", "");
    REQUIRE(chmod((root / "usr/sbin/credd").c_str(), 0755) == 0);
    write("etc/cred/cred.conf", "");
    configure("");
    auto c = configuration();
    umask(077);
    value_or_throw(engine::Engine::initialise(c));
    clock->set(SystemClock().now());
    auto engine = value_or_throw(engine::Engine::open(c, clock));
    auto realm = value_or_throw(engine.realm("system"));
    engine::Profile profile;
    profile.full_name = "Quentin Zebrowski";
    value_or_throw(realm.enrol("alice", profile, test::secret("Correct7horse"), false, {"test"}));
    value_or_throw(engine.create_backup({"test"}));
    umask(022);
    credd.emplace(socket());
    here.root = directory / "";
    here.root.pop_back();
    here.configuration = path("etc/cred/cred.conf");
    here.module_directories = {"/usr/lib/security"};
    here.credd = "/usr/sbin/credd";
    here.clock = clock;
    here.synchronised = [this] { return synchronised; };
    here.space = [this](const std::string&) { return space; };
    here.argon2 = [this]() -> Expected<hash::Implementation> { return argon2; };
    here.answer_ms = 500;
  }

  std::string path(const std::string& name) const { return root / name; }
  std::string store(const std::string& name = "cred.db") const {
    return path("var/lib/cred/" + name);
  }
  std::string socket() const { return path("run/cred/credd.sock"); }
  std::string key() const { return path("etc/cred/root.key"); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream stream(root / name, std::ios::trunc);
    stream << text;
  }
  void configure(const std::string& more) const {
    write("etc/cred/cred.conf",
          "[store]\nurl = \"sqlite:" + store() + "\"\n[keys]\nroot = \"file:" + key() +
              "\"\n[broker]\nsocket = \"" + socket() +
              "\"\n[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n" + more);
  }
  engine::Configuration configuration() const {
    return value_or_throw(engine::load_configuration(path("etc/cred/cred.conf")));
  }
  // One file of a realm in a directory beside the store.
  std::string only_one_in(const std::string& name) const {
    return fs::directory_iterator(store(name))->path();
  }
  engine::Realm realm() const {
    auto engine = value_or_throw(engine::Engine::open(configuration(), clock));
    return value_or_throw(engine.realm("system"));
  }
  std::vector<Finding> examine() const {
    return doctor::examine(here, engine::load_configuration(here.configuration), {});
  }

  test::TemporaryDirectory directory;
  const fs::path root = directory / "";
  std::shared_ptr<test::FakeClock> clock = std::make_shared<test::FakeClock>();
  std::optional<Answering> credd;
  std::optional<bool> synchronised = true;
  std::optional<doctor::Space> space = doctor::Space{std::uint64_t{8} << 30, 100'000, 1};
  hash::Implementation argon2{"portable", ""};
  doctor::Surroundings here;
};

void set_mode(const std::string& path, mode_t mode) { REQUIRE(chmod(path.c_str(), mode) == 0); }

void replace(const Installation& site, const std::string& file, const std::string& from,
             const std::string& to) {
  std::string text = stacks.at(file);
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  site.write("etc/pam.d/" + file, text.replace(at, from.size(), to));
}

struct Broken {
  const char* what;
  std::function<void(Installation&)> break_it;
  const char* check;
  const char* says;  // a part of the message
  const char* mend;  // a part of the command
  doctor::Severity severity = doctor::Severity::error;
  Code code = Code::refused;
};

constexpr auto warning = doctor::Severity::warning;
constexpr auto error = doctor::Severity::error;

const std::vector<Broken> table{
    // --- Configuration and permissions
    {"an unknown key in cred.conf", [](auto& s) { s.configure("[hsah]\n"); }, "configuration",
     "unknown key 'hsah'", "edit "},
    {"cred.conf can be written by a group",
     [](auto& s) { set_mode(s.path("etc/cred/cred.conf"), 0664); }, "configuration",
     "can be written to by others (0664)", "chmod go-w "},
    {"the directory of cred.conf belongs to a user",
     [](auto& s) { REQUIRE(chown(s.path("etc/cred").c_str(), 65534, 65534) == 0); },
     "configuration", "who can replace", "chown root "},
    {"a drop-in can be written by everybody",
     [](auto& s) {
       s.write("etc/cred/cred.conf.d/a.conf", "");
       set_mode(s.path("etc/cred/cred.conf.d/a.conf"), 0666);
     },
     "configuration", "a.conf can be written to", "chmod go-w "},
    {"the store's directory is open to others", [](auto& s) { set_mode(s.store(""), 0755); },
     "permissions", "open to others (0755)", "chmod 0700 "},
    {"the database is open to others", [](auto& s) { set_mode(s.store(), 0644); }, "permissions",
     "cred.db is open to others (0644)", "chmod 0600 "},
    {"the database belongs to another than its directory",
     [](auto& s) { REQUIRE(chown(s.store().c_str(), 65534, 65534) == 0); }, "permissions",
     "whose programs cannot use it", "chown -R "},
    {"a file of the journal is open to others",
     [](auto& s) { set_mode(s.only_one_in("journal"), 0755); }, "permissions", "is open to others",
     "chmod 0700 "},
    {"the directory of backups is open to others",
     [](auto& s) { set_mode(s.store("backup"), 0750); }, "permissions", "backup is open to others",
     "chmod 0700 "},
    {"everybody may put a socket beside credd's",
     [](auto& s) { set_mode(s.path("run/cred"), 0777); }, "permissions",
     "run/cred can be written to by others", "chmod go-w "},
    {"everybody may write to pam_cred.so",
     [](auto& s) { set_mode(s.path("usr/lib/security/pam_cred.so"), 0666); }, "permissions",
     "pam_cred.so can be written to", "chmod go-w "},
    // --- Keys
    {"the root key is gone", [](auto& s) { fs::remove(s.key()); }, "keys", "cannot be seen",
     "install -m 0400 -o root COPY "},
    {"the root key is open to others", [](auto& s) { set_mode(s.key(), 0444); }, "keys",
     "is open to others", "chmod 0400 "},
    {"the root key is cut off",
     [](auto& s) {
       set_mode(s.key(), 0600);
       fs::resize_file(s.key(), 31);
     },
     "keys", "31 bytes", "install -m 0400 -o root COPY "},
    {"the root key is another one",
     [](auto& s) {
       fs::remove(s.key());
       s.write("etc/cred/root.key", std::string(32, 'x'));
       set_mode(s.key(), 0400);
     },
     "keys", "another root key", "install -m 0400", error, Code::integrity},
    {"a rotation of the root key was cut off",
     [](auto& s) {
       fs::copy_file(s.key(), s.key() + ".next");
       fs::permissions(s.key() + ".next", fs::perms::owner_read);
       s.clock->advance(std::chrono::hours(1));
     },
     "keys", ".next is there", "credctl maintain", warning},
    // --- Store, anchor, journal, backups
    {"the store is gone",
     [](auto& s) {
       for (const char* suffix : {"", "-wal", "-shm"}) fs::remove(s.store() + suffix);
     },
     "store", "there is no credential store", "credctl backup restore"},
    {"the store is another program's",
     [](auto& s) {
       fs::remove(s.store());
       SQLite::Database other(s.store(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
       other.exec("CREATE TABLE t (x)");
       set_mode(s.store(), 0600);
     },
     "store", "no credential store", "credctl backup restore", error, Code::integrity},
    {"the store was made by a newer version",
     [](auto& s) {
       SQLite::Database(s.store(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 999");
     },
     "store", "version 999", "upgrade"},
    {"the store is of an older version",
     [](auto& s) {
       SQLite::Database(s.store(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 1");
     },
     "store", "has version 1", "credctl backup create", warning},
    {"an older store was put back",
     [](auto& s) {
       const std::string aside = s.path("aside");
       {
         SQLite::Database database(s.store(), SQLite::OPEN_READWRITE);
         database.exec("VACUUM INTO '" + aside + "'");
       }
       value_or_throw(s.realm().expire("alice", {"test"}));
       for (const char* suffix : {"-wal", "-shm"}) fs::remove(s.store() + suffix);
       fs::rename(aside, s.store());
       set_mode(s.store(), 0600);
     },
     "store", "is older than it was", "credctl backup restore", error, Code::integrity},
    {"the anchor is gone", [](auto& s) { fs::remove(s.only_one_in("anchor")); }, "anchor",
     "has no anchor", "credctl backup list", warning},
    {"the anchor is damaged",
     [](auto& s) {
       const std::string anchor = s.only_one_in("anchor");
       fs::resize_file(anchor, 0);
       fs::resize_file(anchor, 5);
     },
     "anchor", "anchor", "rm ", error, Code::integrity},
    {"the journal is gone", [](auto& s) { fs::remove_all(s.only_one_in("journal")); }, "journal",
     "has no journal", "credctl backup create", warning},
    {"there is no backup",
     [](auto& s) {
       for (const auto& file : fs::directory_iterator(s.store("backup"))) fs::remove(file);
     },
     "backup", "there is no backup", "credctl backup create", warning},
    {"the newest backup is three days old", [](auto& s) { s.clock->advance(std::chrono::days(3)); },
     "backup", "3 days old", "cred-backup.timer", warning},
    {"a backup's manifest was altered",
     [](auto& s) {
       for (const auto& file : fs::directory_iterator(s.store("backup")))
         if (file.path().extension() == ".json") {
           std::fstream stream(file.path(), std::ios::in | std::ios::out);
           stream.seekp(40);
           stream << '#';
         }
     },
     "backup", "is of no use", "credctl backup create", error, Code::integrity},
    // --- The machine
    {"the clock was set back", [](auto& s) { s.clock->advance(-std::chrono::hours(30)); }, "clock",
     "was set back", "set-ntp"},
    {"the clock follows no other", [](auto& s) { s.synchronised = false; }, "clock",
     "follows no other", "set-ntp", warning},
    {"nobody knows about the clock", [](auto& s) { s.synchronised.reset(); }, "clock",
     "cannot be told", "timedatectl", warning},
    {"the disk is nearly full", [](auto& s) { s.space->free = 5 << 20; }, "disk", "5 MiB left",
     "df "},
    {"the disk has no room for files", [](auto& s) { s.space->files = 3; }, "disk", "3 more files",
     "df -i "},
    {"the space cannot be told",
     [](auto& s) {
       s.here.space = [n = 0, space = s.space](const std::string&) mutable {
         return ++n == 1 ? std::nullopt : space;
       };
     },
     "disk", "cannot be told", "df ", warning},
    {"a list of banned words is gone",
     [](auto& s) { s.configure("[policy]\nbanned_lists = [\"/nowhere/words\"]\n"); }, "data",
     "/nowhere/words cannot be read", "banned_lists"},
    {"the corpus of known passwords is gone",
     [](auto& s) { s.configure("[policy]\nbreach = \"/nowhere/corpus\"\n"); }, "data",
     "/nowhere/corpus cannot be read", "credctl breach build"},
    {"the fastest kernel of Argon2 computes wrongly",
     [](auto& s) { s.argon2.fault = "avx2 gives wrong answers"; }, "hash", "avx2 gives wrong",
     "processor", warning},
    {"no Argon2 works",
     [](auto& s) {
       s.here.argon2 = []() -> Expected<hash::Implementation> {
         return fail(Code::internal, "nothing gives the known answers");
       };
     },
     "hash", "known answers", "reinstall"},
    {"CRED_ARGON2 is set", [](auto& s) { s.here.argon2_named = true; }, "hash",
     "CRED_ARGON2 is set", "unset CRED_ARGON2", warning},
    {"the memory budget holds no hash",
     [](auto& s) {
       s.write("etc/cred/cred.conf.d/m.conf", "[broker]\nmemory_budget = \"1 MiB\"\n");
     },
     "hash", "memory_budget is smaller", "credctl calibrate"},
    // --- credd
    {"credd has no socket",
     [](auto& s) {
       s.credd->stop();
       fs::remove(s.socket());
     },
     "service", "has no socket", "systemctl enable --now credd.socket", warning},
    {"there is neither socket nor credd",
     [](auto& s) {
       s.credd->stop();
       fs::remove(s.socket());
       fs::remove(s.path("usr/sbin/credd"));
     },
     "service", "no login can ask", "install"},
    {"nobody listens at the socket", [](auto& s) { s.credd->stop(); }, "service", "nobody listens",
     "systemctl restart"},
    {"credd does not answer", [](auto& s) { s.credd->silent = true; }, "service", "does not answer",
     "systemctl restart"},
    {"credd hangs up", [](auto& s) { s.credd->hangs_up = true; }, "service", "hangs up",
     "systemctl restart"},
    {"credd cannot use its key", [](auto& s) { s.credd->code = Code::unavailable; }, "service",
     "answers \"unavailable\"", "journalctl"},
    {"credd is of another version", [](auto& s) { s.credd->version = std::byte{4}; }, "service",
     "speaks version 4", "systemctl restart"},
    {"not everybody may ask credd", [](auto& s) { set_mode(s.socket(), 0660); }, "service",
     "not everybody may ask", "chmod 0666", warning},
    // --- Stacks
    {"pam_cred.so is not installed",
     [](auto& s) { fs::remove(s.path("usr/lib/security/pam_cred.so")); }, "pam",
     "pam_cred.so is not at", "install"},
    {"a stack jumps too far and lets everybody in",
     [](auto& s) { replace(s, "common-auth", "requisite pam_deny.so", "optional pam_deny.so"); },
     "pam", "lets everybody in with any password", "edit /etc/pam.d/common-auth"},
    {"pam_cred.so is optional",
     [](auto& s) {
       s.write("etc/pam.d/imap",
               "auth optional pam_cred.so\nauth required pam_permit.so\n"
               "account required pam_cred.so\npassword required pam_cred.so\n");
     },
     "pam", "imap:1: lets everybody in", "edit /etc/pam.d/imap"},
    {"pam_cred.so is sufficient in front of pam_permit.so",
     [](auto& s) {
       s.write("etc/pam.d/imap",
               "auth sufficient pam_cred.so\nauth required pam_permit.so\n"
               "account required pam_cred.so\npassword required pam_cred.so\n");
     },
     "pam", "lets everybody in with any password", "edit /etc/pam.d/imap"},
    {"a store that is away lets everybody in",
     [](auto& s) {
       replace(s, "common-auth", "[success=2 default=ignore]",
               "[success=2 authinfo_unavail=2 default=ignore]");
     },
     "pam", "lets everybody in with any password while credd does not answer",
     "edit /etc/pam.d/common-auth"},
    {"a jump is too short and lets nobody in",
     [](auto& s) { replace(s, "common-auth", "success=2", "success=1"); }, "pam",
     "lets nobody in, with the right password either", "edit /etc/pam.d/common-auth"},
    {"pam_unix.so is left in front and has to agree",
     [](auto& s) {
       s.write("etc/pam.d/common-auth", "auth required pam_unix.so\n" + stacks.at("common-auth"));
     },
     "pam", "pam_unix.so, at /etc/pam.d/common-auth:1, is left in front",
     "edit /etc/pam.d/common-auth"},
    {"pam_unix.so is left in front and suffices",
     [](auto& s) {
       s.write("etc/pam.d/common-auth", "auth sufficient pam_unix.so\n" + stacks.at("common-auth"));
     },
     "pam", "an old password in /etc/shadow", "edit /etc/pam.d/common-auth", warning},
    {"root does not get in while credd is away",
     [](auto& s) {
       replace(s, "common-auth", "default=ignore]", "user_unknown=ignore default=die]");
     },
     "pam", "root neither", "edit /etc/pam.d/common-auth", warning},
    {"account is sufficient: locked accounts get in",
     [](auto& s) {
       s.write("etc/pam.d/common-account",
               "account sufficient pam_cred.so\naccount required pam_unix.so\n");
     },
     "pam", "lets locked and disabled accounts in", "edit /etc/pam.d/common-account"},
    {"account takes expired passwords",
     [](auto& s) {
       replace(s, "common-account", "new_authtok_reqd=ok", "new_authtok_reqd=ignore");
     },
     "pam", "lets expired and compromised passwords in", "edit /etc/pam.d/common-account"},
    {"account keeps expired passwords out",
     [](auto& s) {
       s.write("etc/pam.d/imap",
               "auth required pam_cred.so\naccount [success=ok new_authtok_reqd=1 default=bad] "
               "pam_cred.so\npassword required pam_cred.so\n");
     },
     "pam", "imap:2: keeps those out whose password has to be changed", "edit /etc/pam.d/imap"},
    {"account lets nobody in",
     [](auto& s) { replace(s, "common-account", "required pam_unix.so", "required pam_deny.so"); },
     "pam", "lets nobody in, whom pam_cred.so takes", "edit /etc/pam.d/common-account"},
    {"account does without the module only with it",
     [](auto& s) { replace(s, "common-account", "module_unknown=ignore ", ""); }, "pam",
     "where pam_cred.so cannot be loaded", "module_unknown=ignore", warning},
    {"account does not name pam_cred.so",
     [](auto& s) { s.write("etc/pam.d/common-account", "account required pam_unix.so\n"); }, "pam",
     "account does not name pam_cred.so", "edit /etc/pam.d/common-account"},
    {"password does not name pam_cred.so",
     [](auto& s) { s.write("etc/pam.d/common-password", "password required pam_unix.so\n"); },
     "pam", "password does not name pam_cred.so", "edit /etc/pam.d/common-password"},
    {"a refused password goes to /etc/shadow",
     [](auto& s) { replace(s, "common-password", "default=die", "default=ignore"); }, "pam",
     "that pam_cred.so refuses is set in /etc/shadow", "edit /etc/pam.d/common-password"},
    {"a new password goes to /etc/shadow as well",
     [](auto& s) {
       s.write("etc/pam.d/common-password",
               "password requisite pam_cred.so\npassword required pam_unix.so\n");
     },
     "pam", "goes to /etc/shadow as well", "edit /etc/pam.d/common-password"},
    {"use_authtok is missing behind pwquality",
     [](auto& s) {
       s.write("etc/pam.d/common-password",
               "password requisite pam_pwquality.so retry=3\n" + stacks.at("common-password"));
     },
     "pam", "lacks use_authtok", "add use_authtok to its line 2", warning},
    {"use_authtok without anybody who asks",
     [](auto& s) { replace(s, "common-password", "retry=3", "use_authtok"); }, "pam",
     "nobody can change theirs", "take use_authtok out of its line 1"},
    {"pam_unix.so is left in front of password",
     [](auto& s) {
       s.write("etc/pam.d/common-password",
               "password sufficient pam_unix.so\n" + stacks.at("common-password"));
     },
     "pam", "new passwords go to /etc/shadow", "edit /etc/pam.d/common-password"},
    {"an included file is missing",
     [](auto& s) { s.write("etc/pam.d/sshd", stacks.at("sshd") + "@include nowhere\n"); }, "pam",
     "sshd:6: libpam cannot read this line", "mend line 6"},
    {"a slip in a control", [](auto& s) { replace(s, "common-auth", "requisite", "requisit"); },
     "pam", "common-auth:3: libpam cannot read this line", "mend line 3"},
    {"a substack of which everybody gets out",
     [](auto& s) {
       s.write("etc/pam.d/sub", "auth [success=ok default=ignore] pam_cred.so\n");
       s.write("etc/pam.d/imap",
               "auth required pam_env.so\nauth substack sub\n"
               "account required pam_cred.so\npassword required pam_cred.so\n");
     },
     "pam", "sub:1: lets everybody in", "edit /etc/pam.d/sub"},
};

std::string list_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& finding : findings)
    text += std::string(doctor::word(finding.severity)) + " " + finding.check + ": " +
            finding.message + " | " + finding.mend + "\n";
  return text;
}

}  // namespace

TEST_CASE("an installation that is right has no finding", "[doctor]") {
  const Installation site;
  const auto findings = site.examine();
  INFO(list_of(findings));
  CHECK(findings.empty());
  CHECK(doctor::conclusion(findings) == Code::accepted);
}

TEST_CASE("the stacks of the manual page are right", "[doctor]") {
  const Installation site;
  site.write("etc/pam.d/imap",
             "auth      [success=1 default=ignore]  pam_cred.so\n"
             "auth      required  pam_unix.so try_first_pass\n"
             "auth      required  pam_permit.so\n"
             "account   [success=1 new_authtok_reqd=done user_unknown=ignore "
             "authinfo_unavail=ignore module_unknown=ignore default=die]  pam_cred.so\n"
             "account   required  pam_unix.so\n"
             "account   required  pam_permit.so\n"
             "password  [success=1 user_unknown=ignore default=die]  pam_cred.so retry=3\n"
             "password  required  pam_unix.so\n"
             "password  required  pam_permit.so\n");
  const auto findings = site.examine();
  INFO(list_of(findings));
  CHECK(findings.empty());
}

TEST_CASE("the stacks of an adopted machine are right while root is led past", "[doctor]") {
  const Installation site;
  const std::string past_root = "[success=1 default=ignore] pam_succeed_if.so uid = 0 quiet\n";
  // What pam-auth-update makes of the profile.
  const std::string rest =
      "auth [success=2 user_unknown=ignore default=die] pam_cred.so\n"
      "auth [success=1 default=ignore] pam_unix.so nullok try_first_pass\n"
      "auth requisite pam_deny.so\n"
      "auth required pam_permit.so\n";
  site.write("etc/pam.d/common-auth", "auth " + past_root + rest);
  site.write("etc/pam.d/common-account",
             "account " + past_root +
                 "account [success=2 new_authtok_reqd=done user_unknown=ignore "
                 "authinfo_unavail=ignore module_unknown=ignore default=die] pam_cred.so\n"
                 "account [success=1 new_authtok_reqd=done default=ignore] pam_unix.so\n"
                 "account requisite pam_deny.so\n"
                 "account required pam_permit.so\n");
  site.write("etc/pam.d/common-password",
             "password " + past_root +
                 "password [success=3 user_unknown=ignore default=die] pam_cred.so retry=3\n"
                 "password [success=2 user_unknown=ignore default=die] pam_unix.so obscure\n"
                 "password [success=1 default=ignore] pam_unix.so use_authtok try_first_pass\n"
                 "password requisite pam_deny.so\n"
                 "password required pam_permit.so\n");
  const auto findings = site.examine();
  INFO(list_of(findings));
  CHECK(findings.empty());
  site.write("etc/pam.d/common-auth",
             "auth [success=1 default=ignore] pam_succeed_if.so uid = 10 quiet\n" + rest);
  const auto nobody = site.examine();
  REQUIRE(nobody.size() == 1);
  CHECK_THAT(nobody[0].message, Catch::Contains("root neither"));
}

TEST_CASE("a line that takes what another module found right is in nobody's way", "[doctor]") {
  const Installation site;
  for (const auto& [file, text] : stacks) site.write("etc/pam.d/" + file, text);
  site.write("etc/pam.d/imap",
             "auth required pam_unix.so\nauth optional pam_cred.so migrate\n"
             "account required pam_unix.so\naccount optional pam_cred.so migrate\n"
             "password required pam_unix.so\n"
             "session required pam_permit.so\nsession optional pam_cred.so migrate\n");
  const auto findings = site.examine();
  INFO(list_of(findings));
  CHECK(findings.empty());
}

TEST_CASE("each broken installation has exactly its own finding", "[doctor]") {
  REQUIRE(table.size() >= 20);
  for (const Broken& broken : table) {
    Installation site;
    broken.break_it(site);
    const auto findings = site.examine();
    INFO(broken.what << "\n" << list_of(findings));
    CHECK(findings.size() == 1);
    if (findings.size() != 1) continue;
    CHECK(findings[0].check == broken.check);
    CHECK_THAT(findings[0].message, Catch::Contains(broken.says));
    CHECK_THAT(findings[0].mend, Catch::Contains(broken.mend));
    CHECK(findings[0].severity == broken.severity);
    CHECK(doctor::conclusion(findings) == broken.code);
  }
}

TEST_CASE("the doctor looks twice and finds the same", "[doctor]") {
  for (const char* what :
       {"the anchor is gone", "the journal is gone", "the store is of an older version",
        "an older store was put back", "a rotation of the root key was cut off"}) {
    const auto broken = std::ranges::find_if(
        table, [&](const Broken& one) { return one.what == std::string(what); });
    REQUIRE(broken != table.end());
    Installation site;
    broken->break_it(site);
    const auto first = site.examine();
    INFO(what);
    CHECK(list_of(first) == list_of(site.examine()));
  }
}

TEST_CASE("a root key beside the store is a remark and no finding", "[doctor]") {
  Installation site;
  fs::rename(site.key(), site.store("root.key"));
  site.configure("");
  std::string text = "[keys]\nroot = \"file:" + site.store("root.key") + "\"\n";
  site.write("etc/cred/cred.conf.d/key.conf", text);
  const auto findings = site.examine();
  INFO(list_of(findings));
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].severity == doctor::Severity::note);
  CHECK_THAT(findings[0].message, Catch::Contains("lies beside what it seals"));
  CHECK(doctor::conclusion(findings) == Code::accepted);
}
