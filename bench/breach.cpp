// The corpus of known passwords at full scale: building, opening, looking up, and a
// whole policy report with it, against what people do with the public file: a binary
// search in 20-byte hashes, by pread.
//
//   bench_breach [entries] [look-ups]     (100,000,000 and 100,000)
//
// Needs about 34 bytes of disk in the current directory for each entry.

#include "policy/breach_builder.hpp"
#include "policy/breach_corpus.hpp"
#include "policy/policy.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace cred;
using Microseconds = std::chrono::duration<double, std::micro>;

// The n-th hash of the bench's corpus; a bijection, so that there are no duplicates.
std::uint64_t mixed(std::uint64_t n) {
  n += 0x9E3779B97F4A7C15U;
  n = (n ^ (n >> 30U)) * 0xBF58476D1CE4E5B9U;
  n = (n ^ (n >> 27U)) * 0x94D049BB133111EBU;
  return n ^ (n >> 31U);
}

template <typename Work>
double time_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Microseconds(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// Private pages of this process, in KiB.
long private_kib() {
  std::ifstream smaps("/proc/self/smaps_rollup");
  long sum = 0;
  for (std::string line; std::getline(smaps, line);)
    if (line.rfind("Private_", 0) == 0 && line.rfind("Private_Hugetlb", 0) != 0)
      sum += std::atol(line.c_str() + line.find(':') + 1);
  return sum;
}

long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

constexpr std::size_t hash_bytes = 20;

void write_plain(const std::string& path, std::uint64_t entries) {
  std::vector<std::uint64_t> all(entries);
  for (std::uint64_t i = 0; i < entries; ++i) all[i] = mixed(i);
  std::sort(all.begin(), all.end());
  std::ofstream out(path, std::ios::binary);
  std::array<char, hash_bytes> hash{};
  for (const std::uint64_t prefix : all) {
    for (std::size_t b = 0; b < 8; ++b) hash[b] = static_cast<char>(prefix >> (56 - 8 * b));
    out.write(hash.data(), hash.size());
  }
}

bool plain_contains(int fd, std::uint64_t entries, std::uint64_t wanted) {
  std::uint64_t low = 0;
  std::uint64_t high = entries;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    std::array<unsigned char, hash_bytes> hash{};
    if (pread(fd, hash.data(), hash.size(), static_cast<off_t>(middle * hash_bytes)) < 0)
      std::exit(1);
    std::uint64_t prefix = 0;
    for (std::size_t b = 0; b < 8; ++b) prefix = prefix << 8U | hash[b];
    if (prefix == wanted) return true;
    if (prefix < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

std::string random_text(std::mt19937_64& random) {
  static const std::string alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::string text;
  for (int i = 0; i < 14; ++i) text += alphabet[random() % alphabet.size()];
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t entries = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000'000;
  const std::uint64_t lookups = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 100'000;
  const std::string path = "bench-breach.cred";
  const std::string plain = "bench-breach.plain";

  double build = time_of([&] {
    policy::BreachBuilder builder(path);
    for (std::uint64_t i = 0; i < entries; ++i) builder.add(mixed(i));
    builder.finish(SystemClock().now());
  });
  std::printf("%llu entries, unsorted\n", static_cast<unsigned long long>(entries));
  std::printf("  built in                %8.1f s, %ld MiB at the peak, %.2f bytes an entry\n",
              build / 1e6, peak_mib(),
              static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(entries));

  const long before = private_kib();
  std::vector<double> openings;
  std::unique_ptr<policy::BreachCorpus> corpus;
  for (int i = 0; i < 21; ++i)
    openings.push_back(time_of([&] {
      corpus =
          std::make_unique<policy::BreachCorpus>(value_or_throw(policy::BreachCorpus::open(path)));
    }));
  std::printf("  opened in               %8.3f ms, %ld KiB of private memory more\n",
              median(openings) / 1000, private_kib() - before);
  std::printf("  false positives         1 in %.0f by construction\n",
              1 / corpus->false_positive_rate());

  write_plain(plain, entries);
  const int fd = open(plain.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  std::uint64_t found = 0;
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < lookups; ++i) {
    // One half members, one half not.
    const std::uint64_t wanted = mixed(i % 2 == 0 ? i * (entries / lookups) : entries + i);
    bool a = false;
    bool b = false;
    ours.push_back(time_of([&] { a = corpus->contains(wanted).value(); }));
    theirs.push_back(time_of([&] { b = plain_contains(fd, entries, wanted); }));
    ratios.push_back(ours.back() / theirs.back());
    found += a ? 1 : 0;
    wrong += a != b ? 1 : 0;
  }
  std::printf("  a look-up               %8.2f us, binary search in the plain file %.2f us\n",
              median(ours), median(theirs));
  std::printf("    ratio: median %.3f; %llu found, %llu unlike the plain file\n", median(ratios),
              static_cast<unsigned long long>(found), static_cast<unsigned long long>(wrong));
  std::uint64_t positives = 0;
  constexpr std::uint64_t absent = 10'000'000;
  for (std::uint64_t i = 0; i < absent; ++i)
    positives += corpus->contains(mixed(entries + lookups + i)).value() ? 1 : 0;
  std::printf("  false positives         %llu of %llu absent\n",
              static_cast<unsigned long long>(positives), static_cast<unsigned long long>(absent));

  auto options = *policy::preset("quarterly");
  options.breach = std::filesystem::absolute(path);
  const policy::Policy policy(options);
  policy::Context context{"alang", "Anna Lang"};
  context.email = "anna.lang@example.org";
  context.phone = "+49 30 1234567";
  context.birth_date = "1987-04-03";
  context.host = "mail";
  std::mt19937_64 random(1);
  std::vector<double> reports;
  for (int i = 0; i < 2000; ++i) {
    const std::string text = random_text(random);
    const Secret candidate = Secret::copy_of(text.data(), text.size());
    reports.push_back(time_of([&] { (void)policy.judge(candidate, context); }));
  }
  std::printf("  a whole policy report   %8.1f us without hashing\n", median(reports));
  (void)close(fd);
  std::filesystem::remove(path);
  std::filesystem::remove(plain);
}
