// Files of other systems. The first byte chooses the format.

#include "migration/migration.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

void check(const cred::migration::Record& record) {
  const auto* entry = std::get_if<cred::migration::Entry>(&record);
  if (entry == nullptr) return;
  if (entry->hash.empty() || entry->hash.size() > cred::migration::max_hash_bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto now = cred::Time(std::chrono::seconds(1'800'000'000));
  constexpr std::uint8_t formats = 8;
  const std::uint8_t format = data[0] % formats;
  if (format == formats - 1) {
    (void)cred::migration::read_opasswd(text);
    return 0;
  }
  (void)cred::migration::read(static_cast<cred::migration::Format>(format), text, now,
                              [](cred::migration::Record&& record) {
                                check(record);
                                return true;
                              });
  return 0;
}
