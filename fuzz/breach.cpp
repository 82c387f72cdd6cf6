// A corpus of arbitrary bytes is refused or answers; it never leads out of them.

#include "policy/breach_corpus.hpp"

#include <cstring>
#include <string>
#include <vector>

using namespace cred;
using namespace cred::policy::breach;

namespace {

// With checksums that hold, so that what lies behind them is reached.
void mend(std::vector<std::byte>& bytes) {
  if (bytes.size() < segment_bytes) return;
  std::memcpy(bytes.data(), magic.data(), magic.size());
  store32(bytes.data() + 8, version);
  const std::uint32_t bits = load32(bytes.data() + 12) % 12;
  const std::uint64_t entries = load64(bytes.data() + 16) % 4000 + 1;
  store32(bytes.data() + 12, bits);
  store64(bytes.data() + 16, entries);
  const std::uint64_t size = file_bytes(bits, entries);
  store64(bytes.data() + 32, size);
  bytes.resize(size);
  Id id{};
  std::memcpy(id.data(), bytes.data() + 40, id.size());
  const std::uint64_t covered = index_bytes(bits) + data_bytes(entries);
  for (std::uint64_t i = 0; i < covered / segment_bytes; ++i)
    store64(bytes.data() + segment_bytes + covered + i * checksum_bytes,
            checksum(id, {bytes.data() + segment_bytes * (i + 1), segment_bytes}));
  constexpr std::size_t sum_at = segment_bytes - checksum_bytes;
  store64(bytes.data() + sum_at, checksum(id, {bytes.data(), sum_at}));
}

void look_up(const std::vector<std::byte>& bytes) {
  const auto corpus = policy::BreachCorpus::over(bytes, "fuzz");
  if (!corpus) return;
  for (std::uint64_t i = 0; i < 64; ++i) (void)corpus->contains(i * 0x9E3779B97F4A7C15U);
  (void)corpus->contains(~std::uint64_t{0});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* from = reinterpret_cast<const std::byte*>(data);
  std::vector<std::byte> bytes(from, from + size);
  look_up(bytes);
  mend(bytes);
  look_up(bytes);
  return 0;
}
