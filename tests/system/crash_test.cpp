// Promise 1, step by step: the program is killed at every single write, sync, link,
// truncation and removal that it makes, and each time the store is looked at.
#include "broker.hpp"
#include "service.hpp"
#include "site.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <regex>
#include <sstream>

namespace {

using Words = std::vector<std::string>;

constexpr const char* steps =
    "write,pwrite64,fsync,fdatasync,ftruncate,fallocate,rename,renameat,link,linkat,unlink,mkdir";

Words traced(const Site& site, const Words& more = {}) {
  Words words{"strace", "-f",
              "-y",     "-qq",
              "-o",     site.path() / "trace",
              "-e",     std::string("trace=") + steps};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// How often each system call was made.
std::map<std::string, int> counts(const std::string& trace) {
  std::map<std::string, int> calls;
  static const std::regex call(R"(^\d+ +([a-z0-9]+)\()");
  std::smatch match;
  for (const auto& line : lines_of(trace))
    if (std::regex_search(line, match, call)) ++calls[match[1]];
  return calls;
}

// Runs `operation` once for each of its steps, from the same beginning, and kills it
// there; `look` sees what is left and whether the end was acknowledged.
struct Acknowledged {
  bool yes = false;
};
int kill_at_every_step(const Site& site,
                       const std::function<Acknowledged(const Words& before)>& operation,
                       const std::function<void(Acknowledged)>& look) {
  const auto beginning = site.files();
  REQUIRE(operation(traced(site)).yes);
  const auto calls = counts(content(site.path() / "trace"));
  look({true});
  int kills = 0;
  for (const auto& [call, times] : calls) {
    for (int n = 1; n <= times; ++n) {
      INFO("killed at " << call << " number " << n);
      site.restore(beginning);
      const auto acknowledged = operation(
          traced(site, {"-e", "inject=" + call + ":signal=SIGKILL:when=" + std::to_string(n)}));
      const auto trace = content(site.path() / "trace");
      REQUIRE(trace.find("killed by SIGKILL") != std::string::npos);
      ++kills;
      look(acknowledged);
    }
  }
  return kills;
}

// The account opens with one of the two passwords: the new one when that was
// acknowledged.
void opens_with_one(const Site& site, Acknowledged acknowledged, std::size_t passwords_before) {
  REQUIRE(site.run({"user", "list"}).exit == 0);
  const auto status = site.status("ann");
  const int old_one = site.verify("ann", right_password);
  const int new_one = site.verify("ann", other_password);
  INFO("the old password gives " << old_one << ", the new one " << new_one);
  REQUIRE(((old_one == 0 && new_one == 1) || (old_one == 1 && new_one == 0)));
  if (acknowledged.yes) REQUIRE(new_one == 0);
  // Credential and history come together.
  REQUIRE(status["passwords"] == passwords_before + (new_one == 0 ? 1 : 0));
  REQUIRE(site.verify("zoe", right_password) == 0);
}

// A trail of another length than the changes would mean half a transaction. Logins are in it,
// too: as many as there were; the chain is whole up to where the head says.
void trail_has(const Site& site, int changes) {
  const auto verified = site.run({"audit", "verify"});
  INFO(verified.out << verified.err);
  REQUIRE(verified.exit == 0);
  const auto shown = nlohmann::json::parse(site.run({"--json", "audit", "show"}).out);
  int found = 0;
  for (const auto& record : shown["records"])
    if (record["event"] != "authenticated" && record["event"] != "refused") ++found;
  REQUIRE(found == changes);
}

// Both have their password; nothing else happens to zoe.
void prepare(const Site& site) {
  site.init();
  site.add("zoe");
  site.add("ann");
}

// In the trace of an acknowledged change: the write that tells of it.
using Tells = std::function<bool(const std::string& line)>;
void synced_before(const std::string& trace, const Tells& tells) {
  bool synced = false;
  bool told = false;
  for (const auto& line : lines_of(trace)) {
    if (tells(line)) {
      told = true;
      break;
    }
    // The anchor may come to the disk late: it is never ahead of the store.
    if (line.find("pwrite64(") != std::string::npos && line.find("-shm>") == std::string::npos &&
        line.find("/anchor/") == std::string::npos)
      synced = false;
    if (line.find("sync(") != std::string::npos) synced = true;
  }
  REQUIRE(told);
  REQUIRE(synced);
}

}  // namespace

TEST_CASE("promise: init killed at any step leaves nothing or all, and can be repeated") {
  Site site;
  const int kills = kill_at_every_step(
      site,
      [&](const Words& before) {
        return Acknowledged{run(under(before, site.credctl({"init"}))).exit == 0};
      },
      [&](Acknowledged acknowledged) {
        const auto again = site.run({"init"});
        INFO(again.err);
        REQUIRE((again.exit == 0 || again.exit == 6));
        if (acknowledged.yes) REQUIRE(again.exit == 6);
        site.add("ann");
        REQUIRE(site.verify("ann", right_password) == 0);
        REQUIRE(site.verify("ann", wrong_password) == 1);
        REQUIRE(content(site.key()).size() == 32);
        REQUIRE(site.sql("SELECT count(*) FROM realm;") == "1\n");
      });
  WARN("init: killed at " << kills << " steps");
  CHECK(kills > 30);
}

TEST_CASE("promise: an enrolment killed at any step leaves no account or all of it") {
  Site site;
  site.init();
  site.add("zoe");
  const int kills = kill_at_every_step(
      site,
      [&](const Words& before) {
        const auto done = run(under(before, site.credctl({"user", "add", "ann", "--stdin"},
                                                         std::string(right_password) + "\n")));
        return Acknowledged{done.exit == 0};
      },
      [&](Acknowledged acknowledged) {
        REQUIRE(site.verify("zoe", right_password) == 0);
        const bool there = site.run({"status", "ann"}).exit == 0;
        if (acknowledged.yes) REQUIRE(there);
        trail_has(site, there ? 2 : 1);
        if (!there) {
          REQUIRE(site.run({"status", "ann"}).exit == 5);
          site.add("ann");
        }
        REQUIRE(site.verify("ann", right_password) == 0);
        REQUIRE(site.verify("ann", wrong_password) == 1);
      });
  WARN("enrolment: killed at " << kills << " steps");
  CHECK(kills > 20);
}

TEST_CASE("promise: a reset killed at any step leaves the old password or the new one") {
  Site site;
  prepare(site);
  const int kills = kill_at_every_step(
      site,
      [&](const Words& before) {
        const auto done = run(under(before, site.credctl({"passwd", "ann", "--stdin"},
                                                         std::string(other_password) + "\n")));
        return Acknowledged{done.exit == 0};
      },
      [&](Acknowledged acknowledged) {
        opens_with_one(site, acknowledged, 1);
        trail_has(site, site.status("ann")["passwords"].get<int>() + 1);
      });
  WARN("reset: killed at " << kills << " steps");
  CHECK(kills > 20);
}

TEST_CASE("promise: the owner's change killed at any step leaves the old password or the new one") {
  Site site;
  prepare(site);
  const int kills = kill_at_every_step(
      site,
      [&](const Words& before) {
        const auto answer =
            change_password(site, "ann", right_password, other_password, {.before = before});
        if (answer.came) REQUIRE(answer.code == cred::Code::accepted);
        return Acknowledged{answer.came};
      },
      [&](Acknowledged acknowledged) {
        opens_with_one(site, acknowledged, 1);
        trail_has(site, site.status("ann")["passwords"].get<int>() + 1);
      });
  WARN("change: killed at " << kills << " steps");
  CHECK(kills > 30);
}

// A killed process loses nothing that it wrote; a power cut loses what it did not
// sync. So the order of the calls is looked at, too.
TEST_CASE("promise: what is acknowledged was synced before it is said") {
  Site site;
  const auto says = [](const std::string& line) {
    return line.find(" write(1<") != std::string::npos;
  };
  REQUIRE(run(under(traced(site), site.credctl({"init"}))).exit == 0);
  synced_before(content(site.path() / "trace"), says);

  const std::string first = std::string(right_password) + "\n";
  const std::string second = std::string(other_password) + "\n";
  REQUIRE(run(under(traced(site), site.credctl({"user", "add", "ann", "--stdin"}, first))).exit ==
          0);
  synced_before(content(site.path() / "trace"), says);
  REQUIRE(run(under(traced(site), site.credctl({"passwd", "ann", "--stdin"}, second))).exit == 0);
  synced_before(content(site.path() / "trace"), says);

  // credd answers while it keeps the store open: the log itself must be on disk.
  Words words = traced(site);
  words.back() += ",sendto,sendmsg";
  const auto answer =
      change_password(site, "ann", other_password, "3rd-Vapour-Kelp", {.before = words});
  REQUIRE(answer.came);
  REQUIRE(answer.code == cred::Code::accepted);
  synced_before(content(site.path() / "trace"), [](const std::string& line) {
    // On its conversation; the other sockets are the log's.
    return line.find(" sendto(0<") != std::string::npos;
  });
}

// The end of a right login is not synced by itself. A journal or an anchor that knew more than
// the disk would call the store older than it was after a power cut.
TEST_CASE("promise: what a power cut may take from the store is in neither journal nor anchor") {
  Site site;
  site.configure(service_settings(site));
  site.init();
  site.add("ann");
  // While somebody has the store open, the log is not written back.
  const Credd credd(site);
  REQUIRE(log_in(credd, "ann", right_password).code == cred::Code::accepted);
  REQUIRE(run(under(traced(site), site.credctl({"backup", "create"}))).exit == 0);
  bool synced = false;
  bool journaled = false;
  for (const auto& line : lines_of(content(site.path() / "trace"))) {
    const bool sync = line.find("sync(") != std::string::npos;
    synced |= sync && line.find("-wal>") != std::string::npos;
    if (line.find("write") == std::string::npos || line.find("/journal/") == std::string::npos ||
        line.find(".log>") == std::string::npos)
      continue;
    journaled = true;
    break;
  }
  CHECK(journaled);
  CHECK(synced);
}
