// Verifiers made by the tools of other systems.
#include "hash/foreign.hpp"

#include "hash/crypt3.hpp"
#include "hash/message_digest.hpp"
#include "hash/recipe.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::hash;
using cred::test::secret;

namespace {

constexpr Parameters quick{64, 1, 1};

struct Vector {
  const char* scheme;
  const char* password;
  const char* text;
};

constexpr const char* river = "Brücke 42 zum Ufer";

// mkpasswd(1), openssl-passwd(1), htpasswd(1), argon2(1), passlib 1.7.4, and the tests of
// Django 4.2.
const std::vector<Vector> vectors{
    {"yescrypt", river,
     "$y$j9T$WjY5/nO.51zedkVdtmAqz.$xJ2Be5wt2GJy5v2Mr1BCtRqNI.WaPnWKuE4D9DH7ec0"},
    {"gost-yescrypt", river,
     "$gy$j9T$6XuEGgGgoMJahoP9AlW6a0$7axO18M52TBz6EQ6u8RPFvjkEMB1z4LzgAW6p9AfSW2"},
    {"sha512crypt", river,
     "$6$lUOtobyt/ujBQxau$tJKPD8QQ6ftom6W/YgElDIGYJpdplHJjUb9zKThi1HEPY7zrHRsRW9ADb2Ud7V55vZFrd"
     "LLmSH1Q2KBc1OCMs1"},
    {"sha256crypt", river, "$5$.ty/pXnZL0oLCbKD$u6eXPSYZzmJmM52fMn04C0kBvMCc8DY6wjegpdqx9v2"},
    {"bcrypt", river, "$2b$05$g8XVPelZW0KeCiFBqEiYFefT1/92yeXt3/x9tUij5vll72j0Vd9hC"},
    {"bcrypt", river, "$2a$05$QP2iwSnCVJoZ/2NRhPOVredPbBJBdH7r0HwkjcWeC9wpDGqcITkgG"},
    {"bcrypt", river, "$2y$05$EAucn30H77r4vCZEQc67dOGK78SeP9J.K3/85xQ2pPGCgtSpmxfuC"},
    {"md5crypt", river, "$1$hJHbxdmN$rkvPjqxxZIAIhl5WqlGY11"},
    {"scrypt", river,
     "$7$CU..../....Qp8EiUSkDzQnsF2y1Q1ts.$2KDnEZqqIsg96EREvQnXZbPbiHxC13JdMKlnJ2kq69D"},
    {"apr1", river, "$apr1$abcdefgh$nagu1RXjvNANxJVYMoZ8X."},
    {"apr1", river, "$apr1$SB2UgfAP$NKn/BaVPd18X1pKpsgZVQ0"},
    {"sha1", river, "{SHA}zNlez7g7+OTtNJv29Xr1ZXW5tqk="},
    {"sha1", river, "{SSHA}m/QBCAuFVA8p6tZ9rQFoaTioMboawxgj"},
    {"sha256", river, "{SSHA256}LPQcC8GtqLGZEkgrMKk9lQ/gKcyePOL+j9FEYgdwVT27F8JYq9WaMw=="},
    {"sha512", river,
     "{ssha512}L3rgh/eOehS8kBEm8fJw0G53JQvF9llrk9zHKpYoFpboWXhuaTUPuPzufU0CkjsZlnutaqk5C2jtIhTS"
     "LIuNolFKqdUaY4yR"},
    {"md5", river, "{MD5}YzWBqZkU6nZJNRFueSz3Gg=="},
    {"md5", river, "{SMD5}HBUlRql9uMlhxXBeesvRKMQYQ8g="},
    {"sha512crypt", river,
     "{CRYPT}$6$Z7voyr5zxVztf/lK$bhFeXGBrL0jhmocegUOX5biKR7AoY4NTW0kJ1GrRGrY3wrFGVOod.CKjafQC1D"
     "ZjRRXJ8cLAqxfBKb1LBIbaG."},
    {"pbkdf2-sha1", river, "{PBKDF2}1000$Nab0Pudcq/U.J6QUIuT8/w$AZlJ/O3Fr00uSPLz5E7RCMTVkbg"},
    {"pbkdf2-sha256", river,
     "{PBKDF2-SHA256}1000$tDYmJAQgBEBICWGs1RrDOA$lMcgFGaM84rUqltyu0yVK.wD6kHKyXuh6RQbZT5qG7Y"},
    {"pbkdf2-sha512", river,
     "{PBKDF2-SHA512}1000$QSgFoNR6j3EuBeD8n3POOQ$f/VTX5Dnd3tnlV1vKQ9heG7Z19zCkpnUKSHhbOrdNHyACg"
     "QwBMuTJOr7VtZ8QzNVduyrBfptdZjSXtc5zq6Glw"},
    {"pbkdf2-sha1", river, "$pbkdf2$1000$REhp7f3/H8NYCwHAWIsxBg$OrwhOHRhhssOd56A/bVw4uuvOCI"},
    {"pbkdf2-sha256", river,
     "$pbkdf2-sha256$1000$T0npHWMMISSklPI.53yv1Q$6Qp33QW67N33kwZXaON7V2.zoO1DH1NDWR1HAXVqw0U"},
    {"pbkdf2-sha256", river,
     "$pbkdf2-sha256$i=1000,l=32$T0npHWMMISSklPI+53yv1Q$6Qp33QW67N33kwZXaON7V2+zoO1DH1NDWR1HAXVqw"
     "0U"},
    {"pbkdf2-sha512", river,
     "$pbkdf2-sha512$1000$5vzfey/lvNd6j3FurVUK4Q$PM/Ton7vR2HfAVH0.WweTUP6FxxOnypJLOV4acTrYOwacf"
     "g6Kw8QK6B9BLhD9W8VVGTblHvVeq6c/Y/TuLEYdw"},
    {"scrypt", river,
     "$scrypt$ln=4,r=8,p=1$Viql9B7DWCtlLEWIMcYY4w$cqg93/U9gIopAZcmiw2tYlg+c/8ha7e3REqcs5LVr7Q"},
    {"argon2id", river,
     "$argon2id$v=19$m=1024,t=2,p=2$c2FsdHNhbHRzYWx0$DW+/hpu6wSg1tcKjJyklreyLQrB5umSSh0zEuyi0IX"
     "M"},
    {"argon2i", river,
     "$argon2i$v=16$m=1024,t=2,p=2$c2FsdHNhbHRzYWx0$MAoQH0RUsekP219OajiN2T4MA0CdubH5nzy+yC5nEio"},
    {"argon2id", river,
     "{ARGON2}$argon2id$v=19$m=1024,t=2,p=2$c2FsdHNhbHRzYWx0$DW+/hpu6wSg1tcKjJyklreyLQrB5umSSh0"
     "zEuyi0IXM"},
    {"argon2id", river,
     "argon2$argon2id$v=19$m=1024,t=2,p=2$c2FsdHNhbHRzYWx0$DW+/hpu6wSg1tcKjJyklreyLQrB5umSSh0zE"
     "uyi0IXM"},
    {"pbkdf2-sha256", "lètmein",
     "pbkdf2_sha256$20000$seasalt$oBSd886ysm3AqYun62DOdin8YcfbU1z9cksZSuLP9r0="},
    {"pbkdf2-sha256", "lètmein",
     "pbkdf2_sha256$24000$seasalt$V9DfCAVoweeLwxC/L2mb+7swhzF0XYdyQMqmusZqiTc="},
    {"salt-sha1", "lètmein", "sha1$seasalt$cff36ea83f5706ce9aa7454e63e431fc726b2dc8"},
    {"salt-sha1", "lètmein", "sha1$$6d138ca3ae545631b3abd71a4f076ce759c5700b"},
    {"salt-md5", "lètmein", "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3"},
    {"scrypt", "lètmein",
     "scrypt$16384$seasalt$8$1$Qj3+9PPyRjSJIebHnG81TMjsqtaIGxNQG/aEB/NYafTJ7tibgfYz71m0ldQESkX"
     "FRkdVCBhhY8mx7rQwite/Pw=="},
    {"pbkdf2-sha1", river, "pbkdf2_sha1$1000$RpPmeWcwQXGh$6sDFm2mpGC2/yX1LAT+Sw59kAIU="},
    {"bcrypt", river, "bcrypt$$2b$05$g8XVPelZW0KeCiFBqEiYFefT1/92yeXt3/x9tUij5vll72j0Vd9hC"},
};

std::string characters_of(const Wiped<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string reason(std::string_view text) {
  const auto read = read_foreign(text);
  return read ? "taken" : read.error().message;
}

}  // namespace

TEST_CASE("a wrapped hash of another system knows its password and no other", "[import]") {
  for (const auto& vector : vectors) {
    CAPTURE(vector.text);
    const auto foreign = read_foreign(vector.text);
    INFO((foreign ? "" : foreign.error().message));
    REQUIRE(foreign);
    CHECK(scheme_of(foreign->recipe) == vector.scheme);
    Arena arena;
    const auto verifier = wrap(*foreign, quick, arena);
    REQUIRE(verifier);
    CHECK(*matches(secret(vector.password), *verifier, arena));
    CHECK_FALSE(*matches(secret(std::string(vector.password) + "z"), *verifier, arena));
    CHECK_FALSE(*matches(secret(""), *verifier, arena));
  }
}

TEST_CASE("neither what wraps a hash nor its recipe holds the digest", "[import]") {
  for (const auto& vector : vectors) {
    const auto foreign = read_foreign(vector.text);
    REQUIRE(foreign);
    Arena arena;
    const auto verifier = wrap(*foreign, quick, arena);
    REQUIRE(verifier);
    CHECK(std::search(verifier->tag.begin(), verifier->tag.end(), foreign->digest.begin(),
                      foreign->digest.begin() + 8) == verifier->tag.end());
    CHECK(verifier->recipe.find(characters_of(foreign->digest)) == std::string::npos);
  }
}

TEST_CASE("a recipe is written in one way, and read as it was written", "[import]") {
  for (const auto& vector : vectors) {
    const auto foreign = read_foreign(vector.text);
    REQUIRE(foreign);
    const auto recipe = parse_recipe(foreign->recipe);
    REQUIRE(recipe);
    CHECK(print(*recipe) == foreign->recipe);
    CHECK_FALSE(parse_recipe(foreign->recipe + " "));
  }
  CHECK_FALSE(parse_recipe("pbkdf2-sha256:01000,32:61"));
  CHECK_FALSE(parse_recipe("pbkdf2-sha256:1000,32:6A"));
  CHECK_FALSE(parse_recipe("pbkdf2-sha256:1000,32,1:6a"));
  CHECK_FALSE(parse_recipe("sha1"));
  CHECK_FALSE(parse_recipe("rot13::"));
  CHECK_FALSE(parse_recipe(""));
}

TEST_CASE("an NT hash is that of the password in UTF-16", "[import]") {
  Arena arena;
  const auto check = [&](const char* password, const char* digits) {
    const auto foreign = read_nt_hash(digits);
    REQUIRE(foreign);
    const auto verifier = wrap(*foreign, quick, arena);
    REQUIRE(verifier);
    CHECK(*matches(secret(password), *verifier, arena));
    CHECK_FALSE(*matches(secret("another"), *verifier, arena));
  };
  check(river, "1ab4941784a6009fdf0cc099fde0ddc7");
  // MS-NLMP §4.2.1.2, in the other case.
  check("Password", "A4F49C406510BDCAB6824EE7C30FD852");
  // Outside the Basic Multilingual Plane; passlib's nthash.
  check("Schlüssel 🔑 für Łódź", "b4a0a2b0145463cbdbc630fa4ebf889c");
  CHECK_FALSE(read_nt_hash("1ab4941784a6009fdf0cc099fde0ddc"));
  CHECK_FALSE(read_nt_hash("1ab4941784a6009fdf0cc099fde0ddcg"));
  CHECK_FALSE(read_nt_hash(""));
}

TEST_CASE("Apache's variant differs from crypt(3)'s in its magic alone", "[import]") {
  for (const std::size_t length :
       {0U, 1U, 7U, 15U, 16U, 17U, 31U, 32U, 33U, 63U, 64U, 65U, 127U, 511U}) {
    const std::string password(length, 'x');
    const auto ours = apr1(secret(password), "saltsalt", "$1$");
    const auto theirs = crypt3(secret(password), "$1$saltsalt$");
    REQUIRE(ours);
    REQUIRE(theirs);
    CHECK(characters_of(*ours) == characters_of(*theirs));
  }
}

TEST_CASE("a foreign hash that would keep this machine busy is refused with its bound",
          "[import]") {
  const std::string digest43 = std::string(42, 'a') + 'A';
  const std::string digest86 = std::string(85, 'a') + 'A';
  const std::string digest31(31, 'a');
  CHECK(reason("$6$rounds=1000000$salt$" + digest86) == "taken");
  CHECK(reason("$6$rounds=1000001$salt$" + digest86) ==
        "sha512crypt is taken with at most 1,000,000 rounds");
  CHECK(reason("$5$rounds=999999999$salt$" + digest43) ==
        "sha256crypt is taken with at most 1,000,000 rounds");
  CHECK(reason("$2b$15$" + std::string(22, 'a') + digest31) == "taken");
  CHECK(reason("$2b$16$" + std::string(22, 'a') + digest31) ==
        "bcrypt is taken with a cost of at most 15");
  CHECK(reason("$y$jDT$salt$" + digest43) == "taken");  // 256 MiB
  CHECK(reason("$y$jET$salt$" + digest43).find("256 MiB") != std::string::npos);
  CHECK(reason("$gy$jHT$salt$" + digest43).find("256 MiB") != std::string::npos);
  CHECK(reason("$y$jzT$salt$" + digest43) != "taken");
  CHECK(reason("$7$HU..../....salt$" + digest43).find("256 MiB") != std::string::npos);
  CHECK(reason("$7$CU..../z....salt$" + digest43) != "taken");
  CHECK(reason("{PBKDF2-SHA256}5000001$c2FsdA$" + digest43).find("5,000,000") != std::string::npos);
  CHECK(reason("{PBKDF2-SHA256}4294967296$c2FsdA$" + digest43) != "taken");
  // Two blocks cost twice the iterations.
  CHECK(reason("{PBKDF2-SHA256}3000000$c2FsdA$" + digest86).find("5,000,000") != std::string::npos);
  CHECK(reason("$scrypt$ln=19,r=8,p=1$c2FsdA$" + digest43).find("256 MiB") != std::string::npos);
  CHECK(reason("$scrypt$ln=63,r=8,p=1$c2FsdA$" + digest43).find("256 MiB") != std::string::npos);
  CHECK(reason("$scrypt$ln=4294967295,r=4294967295,p=1$c2FsdA$" + digest43) != "taken");
  CHECK(reason("scrypt$4294967296$salt$8$1$" + digest43) != "taken");
  CHECK(reason("$argon2id$v=19$m=4194304,t=1,p=1$c2FsdHNhbHQ$" + digest43).find("1 GiB") !=
        std::string::npos);
  CHECK(reason("$argon2id$v=19$m=64,t=4294967295,p=1$c2FsdHNhbHQ$" + digest43) != "taken");
  CHECK(reason("$argon2id$v=18$m=64,t=1,p=1$c2FsdHNhbHQ$" + digest43) ==
        "Argon2 is taken in the versions 16 and 19");
}

TEST_CASE("what is no verifier, or not one that counts a whole password, is refused", "[import]") {
  CHECK(reason("ab1Hv2Lg7ltQo") == "DES counts the first eight characters alone, and is broken");
  CHECK(reason("{CRYPT}ab1Hv2Lg7ltQo") ==
        "DES counts the first eight characters alone, and is broken");
  CHECK(reason("$2x$05$" + std::string(53, 'a')) ==
        "bcrypt of the variant 2x lets several passwords match");
  CHECK(reason("{CLEARTEXT}Secret1") == "it is a password in clear: set it with credctl passwd");
  CHECK(reason("$argon2d$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$" + std::string(43, 'a')) ==
        "of Argon2 the variants i and id are taken");
  CHECK(reason("$argon2id$v=19$m=64,t=1,p=1,keyid=YQ$c2FsdHNhbHQ$" + std::string(43, 'a')) ==
        "Argon2 with a key or data is not taken");
  for (const std::string text : {"",
                                 "$",
                                 "$$",
                                 "{",
                                 "{}",
                                 "{SSHA}",
                                 "{SSHA}????",
                                 "{SHA}zNlez7g7",
                                 "$6$",
                                 "$6$salt$short",
                                 "$2b$05$",
                                 "$y$j9T$",
                                 "$apr1$",
                                 "$apr1$toolongsalt$nagu1RXjvNANxJVYMoZ8X.",
                                 "$argon2id$",
                                 "$argon2id$v=19$",
                                 "$scrypt$",
                                 "$pbkdf2-sha256$",
                                 "$pbkdf2-md5$1000$c2FsdA$aaaa",
                                 "pbkdf2_sha256$",
                                 "pbkdf2_sha256$1000$salt$",
                                 "scrypt$",
                                 "sha1$salt$xyz",
                                 "{CRYPT}{CRYPT}",
                                 "{ARGON2}",
                                 "{CRYPT}",
                                 "argon2$",
                                 "bcrypt$",
                                 "sha1$salt$",
                                 "md5$$",
                                 "not a hash",
                                 "{PBKDF2-SHA256}0$c2FsdA$"}) {
    CAPTURE(text);
    CHECK_FALSE(read_foreign(text));
  }
  CHECK_FALSE(read_foreign("$6$salt$" + std::string(2000, 'a')));
}

TEST_CASE("Django's bcrypt_sha256 counts what bcrypt cuts off", "[import]") {
  const std::string text =
      "bcrypt_sha256$$2b$05$g8XVPelZW0KeCiFBqEiYFe2RfnFhkYLhbJkW8nimdXTWbbjRfR6mC";
  const auto foreign = read_foreign(text);
  REQUIRE(foreign);
  Arena arena;
  const auto verifier = wrap(*foreign, quick, arena);
  REQUIRE(verifier);
  const std::string lengthy(100, 'y');
  CHECK(*matches(secret(lengthy), *verifier, arena));
  CHECK_FALSE(*matches(secret(lengthy.substr(1)), *verifier, arena));
  CHECK_FALSE(cuts_off(verifier->recipe, secret(lengthy)));
  const auto plain = read_foreign(std::string_view(text).substr(14));
  REQUIRE(plain);
  CHECK(cuts_off(plain->recipe, secret(std::string(73, 'y'))));
  CHECK_FALSE(cuts_off(plain->recipe, secret(std::string(72, 'y'))));
}

TEST_CASE("a PHC string that this library could have written is used as it is", "[import]") {
  Arena arena;
  const auto verifier = make_verifier(secret("Correct7horse"), {7168, 5, 1}, arena);
  REQUIRE(verifier);
  const auto taken = native(encode_phc(*verifier), Parameters{});
  REQUIRE(taken);
  CHECK(taken->tag == verifier->tag);
  const auto weak = make_verifier(secret("Correct7horse"), quick, arena);
  REQUIRE(weak);
  CHECK_FALSE(native(encode_phc(*weak), Parameters{}));
  CHECK(native(encode_phc(*weak), quick));
  CHECK_FALSE(native("$1$hJHbxdmN$rkvPjqxxZIAIhl5WqlGY11", quick));
}

TEST_CASE("memory of a foreign hash counts beside Argon2id's", "[import]") {
  Arena arena;
  const auto memory = [&](const char* text) {
    const auto foreign = read_foreign(text);
    REQUIRE(foreign);
    const auto verifier = wrap(*foreign, quick, arena);
    REQUIRE(verifier);
    return working_memory(*verifier);
  };
  CHECK(memory(vectors[0].text) == 64 + 16 * 1024);
  CHECK(memory(vectors[3].text) == 64);
  CHECK(
      memory("$argon2id$v=19$m=1024,t=2,p=2$c2FsdHNhbHRzYWx0$DW+/hpu6wSg1tcKjJyklreyLQrB5umSSh0zEu"
             "yi0IXM") == 64 + 1024);
}
