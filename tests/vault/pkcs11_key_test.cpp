#include "vault/key_source.hpp"
#include "vault/p11_kit.hpp"

#include "support/environment.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <dlfcn.h>
#include <fstream>
#include <openssl/hmac.h>
#include <sys/stat.h>

using namespace cred;
using namespace cred::vault;

namespace {

constexpr const char* pin = "48151623";

// SoftHSM with one token, "cred", of its own.
struct Hsm {
  test::TemporaryDirectory directory;
  test::Environment none{"CREDENTIALS_DIRECTORY", nullptr};
  std::string configuration = directory / "softhsm2.conf";
  std::optional<test::Environment> set;

  Hsm() {
    REQUIRE(mkdir((directory / "tokens").c_str(), 0700) == 0);
    std::ofstream(configuration) << "directories.tokendir = " << directory / "tokens"
                                 << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    set.emplace("SOFTHSM2_CONF", configuration.c_str());
    add_token("cred");
  }
  static void add_token(const std::string& label) {
    const std::string command = "softhsm2-util --init-token --free --label " + label +
                                " --so-pin 12345678 --pin " + pin + " >/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
  }
  static std::string url(const std::string& path = "token=cred;object=root",
                         const std::string& query = "") {
    return "pkcs11:" + path + "?module-path=" CRED_TEST_PKCS11_MODULE + query;
  }
  std::string write_pin(const std::string& content, mode_t mode = 0400) const {
    std::string path = directory / "root.pin";
    std::filesystem::remove(path);
    std::ofstream(path) << content;
    REQUIRE(chmod(path.c_str(), mode) == 0);
    return "&pin-source=file:" + path;
  }
};

AskSecret person(const std::string& answer, int* asked = nullptr) {
  return [=](const std::string& prompt) -> Expected<Secret> {
    CHECK(prompt == "PIN of the token 'cred': ");
    if (asked != nullptr) ++*asked;
    return test::secret(answer);
  };
}

// The token as its owner sees it, past libcred.
class Owner {
 public:
  Owner() {
    kit_ = value_or_throw(load_p11_kit());
    module_ = kit_.module_load(CRED_TEST_PKCS11_MODULE, 0);
    REQUIRE(module_ != nullptr);
    REQUIRE(kit_.module_initialize(module_) == CKR_OK);
    CK_ULONG count = 1;
    CK_SLOT_ID slot = 0;
    // The token comes before the slot that is still free.
    const CK_RV listed = module_->C_GetSlotList(CK_TRUE, &slot, &count);
    if (listed == CKR_BUFFER_TOO_SMALL) {
      std::vector<CK_SLOT_ID> slots(16);
      count = slots.size();
      REQUIRE(module_->C_GetSlotList(CK_TRUE, slots.data(), &count) == CKR_OK);
      slot = slots[0];
    }
    REQUIRE(module_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr,
                                   &session_) == CKR_OK);
    std::string text = pin;
    REQUIRE(module_->C_Login(session_, CKU_USER, reinterpret_cast<CK_UTF8CHAR*>(text.data()),
                             text.size()) == CKR_OK);
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    (void)module_->C_CloseSession(session_);
    (void)kit_.module_finalize(module_);
    kit_.module_release(module_);
  }
  // A key whose bytes are known.
  void import(std::string bytes, const std::string& label, CK_KEY_TYPE type, bool sensitive,
              bool sign) {
    CK_OBJECT_CLASS kind = CKO_SECRET_KEY;
    CK_BBOOL yes = CK_TRUE;
    CK_BBOOL hidden = sensitive ? CK_TRUE : CK_FALSE;
    CK_BBOOL open = sensitive ? CK_FALSE : CK_TRUE;
    CK_BBOOL signs = sign ? CK_TRUE : CK_FALSE;
    std::string name = label;
    std::vector<CK_ATTRIBUTE> wanted{
        {CKA_CLASS, &kind, sizeof kind},         {CKA_KEY_TYPE, &type, sizeof type},
        {CKA_TOKEN, &yes, sizeof yes},           {CKA_PRIVATE, &yes, sizeof yes},
        {CKA_SENSITIVE, &hidden, sizeof hidden}, {CKA_EXTRACTABLE, &open, sizeof open},
        {CKA_SIGN, &signs, sizeof signs},        {CKA_LABEL, name.data(), name.size()},
        {CKA_VALUE, bytes.data(), bytes.size()}};
    CK_OBJECT_HANDLE key = 0;
    REQUIRE(module_->C_CreateObject(session_, wanted.data(), wanted.size(), &key) == CKR_OK);
  }
  std::vector<CK_OBJECT_HANDLE> keys() {
    std::vector<CK_OBJECT_HANDLE> found(16);
    CK_ULONG count = 0;
    REQUIRE(module_->C_FindObjectsInit(session_, nullptr, 0) == CKR_OK);
    REQUIRE(module_->C_FindObjects(session_, found.data(), found.size(), &count) == CKR_OK);
    REQUIRE(module_->C_FindObjectsFinal(session_) == CKR_OK);
    found.resize(count);
    return found;
  }
  template <class Value>
  Value attribute(CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE type) {
    Value value{};
    CK_ATTRIBUTE asked{type, &value, sizeof value};
    REQUIRE(module_->C_GetAttributeValue(session_, key, &asked, 1) == CKR_OK);
    return value;
  }
  CK_RV read_value(CK_OBJECT_HANDLE key) {
    std::array<CK_BYTE, 64> value{};
    CK_ATTRIBUTE asked{CKA_VALUE, value.data(), value.size()};
    return module_->C_GetAttributeValue(session_, key, &asked, 1);
  }

 private:
  P11Kit kit_{};
  CK_FUNCTION_LIST* module_ = nullptr;
  CK_SESSION_HANDLE session_ = 0;
};

}  // namespace

TEST_CASE("a token creates a key that it does not give away, and makes the root key with it") {
  Hsm hsm;
  const auto created = create_root_key(Hsm::url(), person(pin));
  REQUIRE(created);
  const auto key = load_root_key(Hsm::url(), person(pin));
  REQUIRE(key);
  CHECK(key->equals(*created));
  CHECK(key->size() == key_bytes);
  CHECK_FALSE(key->equals(Secret(key_bytes)));
  CHECK(load_root_key(Hsm::url(), person(pin))->equals(*key));

  Owner owner;
  REQUIRE(owner.keys().size() == 1);
  const CK_OBJECT_HANDLE made = owner.keys().front();
  CHECK(owner.attribute<CK_KEY_TYPE>(made, CKA_KEY_TYPE) == CKK_GENERIC_SECRET);
  CHECK(owner.attribute<CK_ULONG>(made, CKA_VALUE_LEN) == key_bytes);
  CHECK(owner.attribute<CK_BBOOL>(made, CKA_TOKEN) == CK_TRUE);
  CHECK(owner.attribute<CK_BBOOL>(made, CKA_PRIVATE) == CK_TRUE);
  CHECK(owner.attribute<CK_BBOOL>(made, CKA_SENSITIVE) == CK_TRUE);
  CHECK(owner.attribute<CK_BBOOL>(made, CKA_EXTRACTABLE) == CK_FALSE);
  CHECK(owner.read_value(made) == CKR_ATTRIBUTE_SENSITIVE);
}

TEST_CASE("the root key is HMAC-SHA-256 of a fixed label under the token's key") {
  Hsm hsm;
  const std::string bytes = "0123456789abcdefghijklmnopqrstuv";
  // SoftHSM signs with either type.
  const CK_KEY_TYPE type = GENERATE(CK_KEY_TYPE{CKK_GENERIC_SECRET}, CK_KEY_TYPE{CKK_SHA256_HMAC});
  Owner().import(bytes, "root", type, true, true);
  const auto key = load_root_key(Hsm::url(), person(pin));
  REQUIRE(key);
  const std::string label = "libcred root key 1";
  Secret expected(key_bytes);
  REQUIRE(HMAC(EVP_sha256(), bytes.data(), static_cast<int>(bytes.size()),
               reinterpret_cast<const unsigned char*>(label.data()), label.size(),
               expected.uchars(), nullptr) != nullptr);
  CHECK(key->equals(expected));
}

TEST_CASE("a key in a token is never replaced") {
  Hsm hsm;
  REQUIRE(create_root_key(Hsm::url(), person(pin)));
  const auto key = load_root_key(Hsm::url(), person(pin));
  CHECK(create_root_key(Hsm::url(), person(pin)).error().code == Code::conflict);
  CHECK(load_root_key(Hsm::url(), person(pin))->equals(*key));
  CHECK(Owner().keys().size() == 1);
}

TEST_CASE("keys of other names are other root keys") {
  Hsm hsm;
  REQUIRE(create_root_key(Hsm::url("token=cred;object=one;id=%01"), person(pin)));
  REQUIRE(create_root_key(Hsm::url("token=cred;object=two;id=%02"), person(pin)));
  const auto one = load_root_key(Hsm::url("token=cred;object=one"), person(pin));
  const auto two = load_root_key(Hsm::url("token=cred;id=%02;type=secret-key"), person(pin));
  REQUIRE(one);
  REQUIRE(two);
  CHECK_FALSE(one->equals(*two));
  CHECK(load_root_key(Hsm::url("token=cred;object=one;id=%02"), person(pin)).error().code ==
        Code::unavailable);
}

TEST_CASE("a PIN comes from its file, from a credential or from a person") {
  Hsm hsm;
  REQUIRE(create_root_key(Hsm::url(), person(pin)));
  const std::string credentials = hsm.directory / "credentials";
  int asked = 0;
  SECTION("a file, with or without a newline, and nobody is asked") {
    const auto source = hsm.write_pin(std::string(pin) + GENERATE("", "\n"));
    CHECK(load_root_key(Hsm::url("token=cred;object=root", source), person("x", &asked)));
    CHECK(asked == 0);
  }
  SECTION("a credential, and nobody is asked") {
    REQUIRE(mkdir(credentials.c_str(), 0700) == 0);
    std::ofstream(credentials + "/root.pin") << pin << '\n';
    const test::Environment set("CREDENTIALS_DIRECTORY", credentials.c_str());
    CHECK(load_root_key(Hsm::url(), person("x", &asked)));
    CHECK(asked == 0);
  }
  SECTION("a person") {
    CHECK(load_root_key(Hsm::url(), person(pin, &asked)));
    CHECK(asked == 1);
  }
  SECTION("nobody") {
    const auto loaded = load_root_key(Hsm::url());
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Code::unavailable);
    CHECK(loaded.error().message.find("pin-source=file:") != std::string::npos);
  }
  SECTION("a file that is not there") {
    const auto url = Hsm::url("token=cred;object=root", "&pin-source=file:/nonexistent/pin");
    CHECK(load_root_key(url, person(pin)).error().code == Code::unavailable);
  }
  SECTION("no file that others can read") {
    const auto source = hsm.write_pin(pin, 0440);
    const auto loaded = load_root_key(Hsm::url("token=cred;object=root", source), person(pin));
    CHECK(loaded.error().code == Code::configuration);
  }
  SECTION("no program") {
    const auto url = Hsm::url("token=cred;object=root", "&pin-source=%7ccat%20/x");
    CHECK(load_root_key(url, person(pin)).error().code == Code::configuration);
  }
}

TEST_CASE("a wrong PIN is told, and by whom it came") {
  Hsm hsm;
  REQUIRE(create_root_key(Hsm::url(), person(pin)));
  CHECK(load_root_key(Hsm::url(), person("11111111")).error().code == Code::refused);
  CHECK(load_root_key(Hsm::url(), person("1")).error().code == Code::refused);
  const auto source = hsm.write_pin("11111111");
  CHECK(load_root_key(Hsm::url("token=cred;object=root", source)).error().code ==
        Code::configuration);
  CHECK(load_root_key(Hsm::url(), person(pin)));
}

TEST_CASE("the last try for a PIN is a person's, not a file's") {
  Hsm hsm;
  REQUIRE(create_root_key(Hsm::url(), person(pin)));
  const std::string url = "pkcs11:token=cred;object=root?module-path=" CRED_TEST_LAST_TRY_MODULE;
  const auto stored = load_root_key(url + hsm.write_pin(pin));
  REQUIRE_FALSE(stored);
  CHECK(stored.error().code == Code::unavailable);
  CHECK(stored.error().message.find("one try left") != std::string::npos);
  CHECK(load_root_key(url, person(pin)));
}

TEST_CASE("a PIN in the URI is refused and not repeated") {
  Hsm hsm;
  const auto loaded =
      load_root_key(Hsm::url("token=cred;object=root", "&pin-value=" + std::string(pin)));
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Code::configuration);
  CHECK(loaded.error().message.find(pin) == std::string::npos);
  CHECK(loaded.error().message.find("pin-source=file:") != std::string::npos);
}

TEST_CASE("no error repeats a URI that does not parse") {
  const auto loaded = load_root_key("pkcs11:token=%zz?pin-value=hunter2");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Code::configuration);
  CHECK(loaded.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("a URI that does not name one key is refused") {
  Hsm hsm;
  const auto code = [](const std::string& url) {
    const auto loaded = load_root_key(url, person(pin));
    return loaded ? Code::accepted : loaded.error().code;
  };
  CHECK(code(Hsm::url("token=cred")) == Code::configuration);
  CHECK(code(Hsm::url("token=cred;object=root;type=private")) == Code::configuration);
  CHECK(code(Hsm::url("token=cred;object=root;colour=red")) == Code::configuration);
  CHECK(code("pkcs11:object=root?module-path=relative.so") == Code::configuration);
  CHECK(code("pkcs11:object=root?module-path=/nonexistent.so") == Code::configuration);
  CHECK(code("pkcs11:object=root?module-name=nonexistent") == Code::configuration);
  CHECK(create_root_key(Hsm::url("token=cred;id=%01"), person(pin)).error().code ==
        Code::configuration);
}

TEST_CASE("a token or a key that is not there is unavailable, and no PIN is asked for in vain") {
  Hsm hsm;
  int asked = 0;
  CHECK(load_root_key(Hsm::url("token=other;object=root"), person(pin, &asked)).error().code ==
        Code::unavailable);
  CHECK(asked == 0);
  CHECK(load_root_key(Hsm::url(), person(pin, &asked)).error().code == Code::unavailable);
}

TEST_CASE("a PIN is not given to one of two tokens that fit") {
  Hsm hsm;
  Hsm::add_token("second");
  int asked = 0;
  CHECK(load_root_key(Hsm::url("object=root"), person(pin, &asked)).error().code ==
        Code::configuration);
  CHECK(create_root_key(Hsm::url("object=root"), person(pin, &asked)).error().code ==
        Code::configuration);
  CHECK(asked == 0);
}

TEST_CASE("a key that does not fit is refused") {
  Hsm hsm;
  const std::string bytes(32, 'k');
  SECTION("it can be read out") { Owner().import(bytes, "root", CKK_GENERIC_SECRET, false, true); }
  SECTION("it may not sign") { Owner().import(bytes, "root", CKK_GENERIC_SECRET, true, false); }
  SECTION("it is of another type") { Owner().import(bytes, "root", CKK_AES, true, true); }
  SECTION("there are two") {
    Owner owner;
    owner.import(bytes, "root", CKK_GENERIC_SECRET, true, true);
    owner.import(bytes, "root", CKK_GENERIC_SECRET, true, true);
  }
  CHECK(load_root_key(Hsm::url(), person(pin)).error().code == Code::configuration);
}

TEST_CASE("a token is used while its host uses it, who stays logged in") {
  Hsm hsm;
  Owner owner;
  REQUIRE(create_root_key(Hsm::url(), person(pin)));
  REQUIRE(load_root_key(Hsm::url(), person(pin)));
  CHECK(owner.keys().size() == 1);
}

TEST_CASE("without p11-kit a token is unavailable") {
  const auto kit = load_p11_kit("libp11-kit-that-is-not-there.so.0");
  REQUIRE_FALSE(kit);
  CHECK(kit.error().code == Code::unavailable);
  CHECK(load_p11_kit("libc.so.6").error().code == Code::unavailable);
}
