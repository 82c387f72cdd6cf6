// How often the rules refuse what is random, how often they refuse an old password in
// a new shape (against libpwquality and libpasswdqc, where they were found at build
// time), and how long a report takes. No hash is in it.
//
//   bench_policy [seed [verbose]]

#include "mutations.hpp"
#include "policy/near_copy.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <vector>
#ifdef CRED_HAVE_PWQUALITY
#include <pwquality.h>
#endif
#ifdef CRED_HAVE_PASSWDQC
#include <passwdqc.h>
#endif

namespace {

using namespace cred;

Secret normal(const std::string& text) {
  return value_or_throw(policy::normalise(Secret::copy_of(text.data(), text.size())));
}

policy::Context profile() {
  policy::Context c{"alang", "Anna Lang"};
  c.email = "anna.lang@mail.example.com";
  c.phone = "+49 30 1234567";
  c.birth_date = "1987-04-03";
  c.host = "mail";
  c.realm = "system";
  return c;
}

// Forms as bytes, with the password that each is of: nothing here is a secret.
using Forms = std::map<std::string, std::string>;

void add_forms(const std::string& password, Forms& forms) {
  for (const Secret& form : policy::skeletons(normal(password)))
    forms.emplace(std::string(form.chars(), form.size()), password);
}

// The one that it is a near copy of, or null.
const std::string* near_copy_of(const Secret& password, const Forms& forms) {
  for (const Secret& form : policy::skeletons(password)) {
    const auto found = forms.find(std::string(form.chars(), form.size()));
    if (found != forms.end()) return &found->second;
  }
  return nullptr;
}

std::string random_password(const std::string& alphabet, std::size_t length,
                            std::mt19937_64& random) {
  std::uniform_int_distribution<std::size_t> at(0, alphabet.size() - 1);
  std::string text;
  while (text.size() < length) text += alphabet[at(random)];
  return text;
}

// The rules by the number of passwords that each refused.
void print(const std::map<std::string, int>& refused) {
  for (const auto& [rule, count] : refused) std::printf("    %-18s %d\n", rule.c_str(), count);
}

void false_refusals(const char* name, const std::string& alphabet, std::mt19937_64& random,
                    bool verbose) {
  constexpr int passwords = 100'000;
  const policy::Policy policy(value_or_throw(policy::preset("quarterly")));
  Forms earlier;
  for (const auto& mutation : bench::mutations(500, random))
    add_forms(mutation.new_password, earlier);
  for (int i = 0; i < 500; ++i) add_forms(random_password(alphabet, 14, random), earlier);
  std::map<std::string, int> by_rule;
  int asked_of = 0;
  for (int i = 0; i < passwords; ++i) {
    const std::string text = random_password(alphabet, 14, random);
    const Secret password = normal(text);
    std::set<std::string> rules;
    for (const auto& verdict : policy.judge(password, profile()).verdicts)
      if (verdict.violation) rules.insert(verdict.rule);
    const std::string* copied = near_copy_of(password, earlier);
    if (copied != nullptr) rules.insert(policy::similar_rule);
    bool counts = false;
    for (const char* rule : {"personal", "family_names", "history_similar", "rotation"})
      if (rules.count(rule) > 0) {
        ++by_rule[rule];
        if (verbose)
          std::printf("    %s: %s%s%s\n", rule, text.c_str(), copied != nullptr ? " like " : "",
                      copied != nullptr ? copied->c_str() : "");
        counts = counts || std::string(rule) != "rotation";
      }
    asked_of += counts ? 1 : 0;
  }
  std::printf("  %s: %d of %d refused by personal, family_names or history_similar\n", name,
              asked_of, passwords);
  print(by_rule);
}

struct Peer {
  const char* name;
  bool (*refuses)(const char* fresh, const char* old);
};

#ifdef CRED_HAVE_PWQUALITY
bool has_cracklib_dictionary = true;

pwquality_settings_t* pwquality() {
  static pwquality_settings_t* settings = [] {
    auto* fresh = pwquality_default_settings();
    void* error = nullptr;
    if (pwquality_check(fresh, "Vexilquor7Tam-93x", nullptr, nullptr, &error) ==
        PWQ_ERROR_CRACKLIB_CHECK) {
      has_cracklib_dictionary = false;
      pwquality_set_int_value(fresh, PWQ_SETTING_DICT_CHECK, 0);
    }
    return fresh;
  }();
  return settings;
}

bool pwquality_refuses(const char* fresh, const char* old) {
  void* error = nullptr;
  return pwquality_check(pwquality(), fresh, old, nullptr, &error) < 0;
}
#endif

#ifdef CRED_HAVE_PASSWDQC
bool passwdqc_refuses(const char* fresh, const char* old) {
  static const passwdqc_params_t params = [] {
    passwdqc_params_t p{};
    passwdqc_params_reset(&p);
    return p;
  }();
  return passwdqc_check(&params.qc, fresh, old, nullptr) != nullptr;
}
#endif

std::vector<Peer> peers() {
  std::vector<Peer> found;
#ifdef CRED_HAVE_PWQUALITY
  found.push_back({"libpwquality", pwquality_refuses});
#endif
#ifdef CRED_HAVE_PASSWDQC
  found.push_back({"libpasswdqc", passwdqc_refuses});
#endif
  return found;
}

// Of the mutations of one kind, how many were refused.
struct Tally {
  int all = 0;
  int in_clear = 0;
  int by_forms = 0;
  std::vector<int> by_peers = std::vector<int>(peers().size());
};

void mutations(std::mt19937_64& random, bool verbose) {
  policy::Options options = value_or_throw(policy::preset("quarterly"));
  const policy::Policy policy(options);
  std::map<std::string, Tally> kinds;
  Tally total;
  Tally without_letters;
  for (const auto& m : bench::mutations(1'000, random)) {
    const Secret old = normal(m.old_password);
    const Secret fresh = normal(m.new_password);
    policy::Context context;
    context.old_password = &old;
    bool in_clear = false;
    for (const auto& verdict : policy.judge(fresh, context).verdicts)
      in_clear = in_clear || (verdict.rule == "min_changed" && verdict.violation);
    Forms forms;
    add_forms(m.old_password, forms);
    const bool by_forms = near_copy_of(fresh, forms) != nullptr;
    if (verbose && (!in_clear || (!by_forms && !m.changes_a_letter)))
      std::printf("    passed %s: %s -> %s (%s)\n", in_clear ? "forms" : "clear",
                  m.old_password.c_str(), m.new_password.c_str(), m.kind.c_str());
    for (Tally* tally : {&kinds[m.kind], &total, &without_letters}) {
      if (tally == &without_letters && m.changes_a_letter) continue;
      ++tally->all;
      tally->in_clear += in_clear ? 1 : 0;
      tally->by_forms += by_forms ? 1 : 0;
      for (std::size_t i = 0; i < peers().size(); ++i)
        tally->by_peers[i] +=
            peers()[i].refuses(m.new_password.c_str(), m.old_password.c_str()) ? 1 : 0;
    }
  }
  std::printf("  %-38s %5s %8s %8s", "kind", "of", "current", "earlier");
  for (const Peer& peer : peers()) std::printf(" %13s", peer.name);
  std::printf("\n");
  const auto print_tally = [](const std::string& name, const Tally& tally) {
    std::printf("  %-38s %5d %8d %8d", name.c_str(), tally.all, tally.in_clear, tally.by_forms);
    for (const int count : tally.by_peers) std::printf(" %13d", count);
    std::printf("\n");
  };
  for (const auto& [kind, tally] : kinds) print_tally(kind, tally);
  print_tally("all", total);
  print_tally("all that keep the letters", without_letters);
}

// What the peers say when they are not told the old password.
void peers_alone(std::mt19937_64& random) {
  std::vector<int> refused(peers().size());
  for (const auto& m : bench::mutations(1'000, random))
    for (std::size_t i = 0; i < peers().size(); ++i)
      refused[i] += peers()[i].refuses(m.new_password.c_str(), nullptr) ? 1 : 0;
  for (std::size_t i = 0; i < peers().size(); ++i)
    std::printf("  %s, not told the old password: %d of 1000\n", peers()[i].name, refused[i]);
#ifdef CRED_HAVE_PWQUALITY
  if (!has_cracklib_dictionary)
    std::printf("  (libpwquality without its dictionary check: none is installed)\n");
#endif
}

using Milliseconds = std::chrono::duration<double, std::milli>;

double median_time(const policy::Policy& policy, const policy::Context& context,
                   const std::vector<std::string>& passwords) {
  std::vector<double> times;
  for (const std::string& text : passwords) {
    const Secret password = normal(text);
    const auto start = std::chrono::steady_clock::now();
    (void)policy.judge(password, context);
    (void)policy::skeletons(password);
    times.push_back(Milliseconds(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

std::vector<std::string> hard_ones() {
  const auto repeated = [](const std::string& part) {
    std::string text;
    while (text.size() < max_password_bytes) text += part;
    return text.substr(0, max_password_bytes);
  };
  return {repeated("a"),      repeated("Anna"),   repeated("4nn"),  repeated("ann-"),
          repeated("summer"), repeated("Q3-"),    repeated("1"),    repeated("1987"),
          repeated("maria"),  repeated("a1b2-C"), repeated("Ab 9"), repeated("lang4nna-Summer25!")};
}

void times(std::mt19937_64& random) {
  policy::Options options = value_or_throw(policy::preset("quarterly"));
  options.max_repeat = options.max_sequence = 4;
  const policy::Policy policy(options);
  std::vector<std::string> ordinary;
  for (const auto& m : bench::mutations(1'000, random)) ordinary.push_back(m.new_password);
  const Secret old = normal("Zebrafink-17");
  policy::Context context = profile();
  context.old_password = &old;
  std::printf("  ordinary passwords, current one given: median %.3f ms\n",
              median_time(policy, context, ordinary));
  const Secret long_old =
      normal(std::string(max_password_bytes / 2, 'a') + std::string(max_password_bytes / 2, 'b'));
  context.old_password = &long_old;
  // As many words as are looked at.
  std::vector<std::string> attributes;
  for (int i = 0; i < 200; ++i) attributes.push_back(random_password("abn4", 6, random));
  context.attributes.assign(attributes.begin(), attributes.end());
  double worst = 0;
  std::string worst_of;
  for (const std::string& text : hard_ones()) {
    const double time = median_time(policy, context, std::vector<std::string>(21, text));
    if (time > worst) worst_of = text.substr(0, 12);
    worst = std::max(worst, time);
  }
  std::printf("  1,024 bytes, a full profile, the worst of those tried: median %.3f ms (%s...)\n",
              worst, worst_of.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned long seed = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  const bool verbose = argc > 2;
  std::mt19937_64 random(seed);
  std::string alphanumeric;
  std::string printable;
  for (char c = '!'; c <= '~'; ++c) {
    printable += c;
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) alphanumeric += c;
  }
  std::printf("Random passwords of 14 characters, seed %lu\n", seed);
  false_refusals("62 letters and digits", alphanumeric, random, verbose);
  false_refusals("94 printable characters", printable, random, verbose);
  std::printf("\nMutations of an old password (bench/mutations.md): refused\n");
  mutations(random, verbose);
  peers_alone(random);
  std::printf("\nA whole report and the forms, without hashing\n");
  times(random);
}
