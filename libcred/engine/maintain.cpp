// What is due from time to time, in all realms. Each piece of work stands for itself: one
// that fails is told of and keeps no other from being done.

#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "engine/store_check.hpp"
#include "engine/units.hpp"

namespace cred::engine {
namespace {

class Work {
 public:
  explicit Work(std::vector<Engine::Done>& done) : done_(done) {}

  // `job` answers what it did; empty: nothing was due.
  template <typename Job>
  void in(const std::string& realm, const char* what, Job job) {
    const auto result = at_the_door([&]() -> Expected<std::string> { return job(); });
    if (!result)
      done_.push_back(
          {realm, std::string(what) + ": " + result.error().message, result.error().code});
    else if (!result->empty())
      done_.push_back({realm, *result, Code::accepted});
  }

 private:
  std::vector<Engine::Done>& done_;
};

// Every account, not only those that log in.
std::string check_accounts(const Realm::Parts& parts) {
  RealmState state(parts, store::Access::read);
  return "checked " + std::to_string(check_store(state)) + " accounts";
}

// Logins' records reach the journal with the next change: here at the latest.
std::string drain(const Realm::Parts& parts) {
  parts.write_journal_of(RealmState(parts, store::Access::read));
  return {};
}

}  // namespace

Expected<std::vector<Engine::Done>> Engine::maintain(const Actor& actor) {
  return at_the_door([&]() -> Expected<std::vector<Done>> {
    std::vector<Done> done;
    Work work(done);
    // Of machines that share a store one is enough.
    const auto lock = store::lock(shared_->configuration.store_url, store::Purpose::maintenance,
                                  store::Holding::alone, store::Waiting::no);
    if (!lock) return std::vector<Done>{{"", "another machine is at it", Code::accepted}};
    for (const std::string& name : shared_->store->realms()) {
      auto opened = realm(name);
      if (!opened) {
        done.push_back({name, opened.error().message, opened.error().code});
        continue;
      }
      const Realm::Parts& parts = *opened->parts_;
      Dated dated;
      work.in(name, "looking at its phase", [&]() -> std::string {
        const RealmState state(parts, store::Access::read);
        dated = phase_of(state.head(), shared_->clock->now());
        if (dated.phase == Phase::grace)
          return "expired; it is suspended on " + print_time(*dated.until);
        if (dated.phase == Phase::suspended && dated.until)
          return "suspended; it is erased on " + print_time(*dated.until);
        return {};
      });
      if (dated.phase == Phase::due) {
        work.in(name, "erasing it", [&]() -> std::string {
          value_or_throw(erase_realm(name, actor));
          return "erased: its time was over";
        });
        continue;
      }
      work.in(name, "checking its accounts", [&] { return check_accounts(parts); });
      work.in(name, "writing its journal", [&] { return drain(parts); });
      work.in(name, "going on with its new data key", [&]() -> std::string {
        const auto rotation =
            value_or_throw(opened->rotate_data_key(actor, {}, Realm::Begin::only_left));
        return rotation.continued ? "everything is sealed with its new data key" : "";
      });
      work.in(name, "destroying old keys", [&]() -> std::string {
        const auto destroyed = value_or_throw(opened->destroy_retired_keys(
            shared_->clock->now() - shared_->configuration.retired_key_retention(), actor));
        return destroyed == 0 ? "" : "destroyed " + std::to_string(destroyed) + " retired keys";
      });
      work.in(name, "ending grants", [&]() -> std::string {
        const auto ended = value_or_throw(opened->end_grants());
        return ended == 0 ? "" : "ended " + std::to_string(ended) + " grants: their time was over";
      });
      work.in(name, "finishing erasures", [&]() -> std::string {
        value_or_throw(opened->finish_erasures());
        return {};
      });
      work.in(name, "pruning its trail", [&]() -> std::string {
        const auto pruned = value_or_throw(opened->prune_trail(
            shared_->clock->now() - shared_->configuration.audit_retention, actor));
        return pruned == 0 ? "" : "forgot " + std::to_string(pruned) + " records of the trail";
      });
    }
    work.in("", "removing files of erased realms", [&]() -> std::string {
      const auto system = value_or_throw(realm(system_realm));
      const auto erased = erased_realms_of(*shared_->store, *system.parts_);
      for (const auto& realm : erased.realms) shared_->remove_files_of(realm.account);
      if (!erased.forged.empty())
        throw Failure(Code::integrity, "realm " + to_string(erased.forged.front()) +
                                           " is said to be erased, and nobody erased it");
      return {};
    });
    work.in("", "removing old backups", [&]() -> std::string {
      prune_backups();
      return {};
    });
    return done;
  });
}

}  // namespace cred::engine
