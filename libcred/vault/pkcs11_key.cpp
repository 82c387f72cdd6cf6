#include "vault/key_source.hpp"
#include "vault/p11_kit.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <sodium.h>
#include <vector>

// The root key out of a token: the token signs a fixed label with a key that it does not
// give away, and the MAC is the root key. docs/formats/root-key.md

namespace cred::vault {
namespace {

constexpr std::string_view derivation_label = "libcred root key 1";
constexpr std::size_t max_slots = 1024;

std::string because(const P11Kit& kit, CK_RV rv) {
  const char* text = kit.strerror(rv);
  return std::string(": ") + (text != nullptr ? text : "an unknown error");
}

// --- The URI ---

struct UriDeleter {
  decltype(&p11_kit_uri_free) release;
  void operator()(P11KitUri* uri) const { release(uri); }
};
using Uri = std::unique_ptr<P11KitUri, UriDeleter>;

// No error repeats the URI, since it may hold a PIN.
Expected<Uri> parse(const P11Kit& kit, const std::string& text) {
  Uri uri(kit.uri_new(), UriDeleter{kit.uri_free});
  if (!uri) return fail(Code::unavailable, "no memory for the URI of a token");
  if (kit.uri_parse(text.c_str(), P11_KIT_URI_FOR_ANY, uri.get()) != P11_KIT_URI_OK)
    return fail(Code::configuration,
                "keys.root is no PKCS#11 URI (RFC 7512); right is, for example, "
                "pkcs11:token=cred;object=root");
  if (kit.uri_get_pin_value(uri.get()) != nullptr)
    return fail(Code::configuration,
                "keys.root has pin-value, a secret where everybody may read it: put the PIN into "
                "a file of mode 0400 and say pin-source=file:/path, and change the PIN");
  if (kit.uri_any_unrecognized(uri.get()) != 0)
    return fail(Code::configuration, "keys.root has an attribute that PKCS#11 URIs do not have");
  if (kit.uri_get_attribute(uri.get(), CKA_LABEL) == nullptr &&
      kit.uri_get_attribute(uri.get(), CKA_ID) == nullptr)
    return fail(Code::configuration, "keys.root names no key: add object= or id=");
  const CK_ATTRIBUTE* type = kit.uri_get_attribute(uri.get(), CKA_CLASS);
  CK_OBJECT_CLASS found = CKO_SECRET_KEY;
  if (type != nullptr && type->ulValueLen == sizeof found)
    std::memcpy(&found, type->pValue, sizeof found);
  if (found != CKO_SECRET_KEY)
    return fail(Code::configuration, "keys.root has a type= that is not secret-key");
  return uri;
}

// --- The module and the token ---

// The modules that may have the token, initialised while this lives.
class Modules {
 public:
  Modules(const Modules&) = delete;
  Modules& operator=(const Modules&) = delete;
  Modules(Modules&& other) noexcept
      : kit_(other.kit_),
        all_(std::exchange(other.all_, nullptr)),
        one_(std::exchange(other.one_, nullptr)),
        use_(std::move(other.use_)) {}
  Modules& operator=(Modules&&) = delete;
  ~Modules() {
    if (all_ != nullptr) kit_.modules_finalize_and_release(all_);
    if (one_ == nullptr) return;
    (void)kit_.module_finalize(one_);
    kit_.module_release(one_);
  }

  static Expected<Modules> load(const P11Kit& kit, P11KitUri* uri) {
    Modules modules(kit);
    const char* path = kit.uri_get_module_path(uri);
    if (path != nullptr) {
      if (auto loaded = modules.load_path(path); !loaded)
        return tl::make_unexpected(loaded.error());
      return modules;
    }
    modules.all_ = kit.modules_load_and_initialize(0);
    if (modules.all_ == nullptr)
      return fail(Code::unavailable,
                  "the modules of p11-kit do not load: see pkcs11.conf(5), or name one with "
                  "module-path=");
    const char* name = kit.uri_get_module_name(uri);
    if (name == nullptr) {
      for (CK_FUNCTION_LIST** module = modules.all_; *module != nullptr; ++module)
        modules.use_.push_back(*module);
      return modules;
    }
    CK_FUNCTION_LIST* named = kit.module_for_name(modules.all_, name);
    if (named == nullptr)
      return fail(Code::configuration, std::string("p11-kit knows no module '") + name +
                                           "': p11-kit list-modules shows which there are");
    modules.use_.push_back(named);
    return modules;
  }

  const std::vector<CK_FUNCTION_LIST*>& use() const { return use_; }

 private:
  explicit Modules(const P11Kit& kit) : kit_(kit) {}

  Expected<void> load_path(const char* path) {
    if (*path != '/')
      return fail(Code::configuration, "keys.root has a module-path= that is not absolute");
    CK_FUNCTION_LIST* module = kit_.module_load(path, P11_KIT_MODULE_CRITICAL);
    if (module == nullptr)
      return fail(Code::configuration, std::string("the PKCS#11 module ") + path +
                                           " does not load: see that it is there and complete");
    if (const CK_RV rv = kit_.module_initialize(module); rv != CKR_OK) {
      kit_.module_release(module);
      return fail(Code::unavailable, std::string("the PKCS#11 module ") + path + " does not start" +
                                         because(kit_, rv));
    }
    one_ = module;
    use_.push_back(module);
    return {};
  }

  const P11Kit& kit_;
  CK_FUNCTION_LIST** all_ = nullptr;
  CK_FUNCTION_LIST* one_ = nullptr;
  std::vector<CK_FUNCTION_LIST*> use_;
};

struct Token {
  CK_FUNCTION_LIST* module = nullptr;
  CK_SLOT_ID slot = 0;
  CK_TOKEN_INFO info{};
};

// A label is of blanks at its end, and of whatever the token's maker put there.
std::string name_of(const Token& token) {
  std::string name(reinterpret_cast<const char*>(token.info.label), sizeof token.info.label);
  name.erase(name.find_last_not_of(' ') + 1);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return "the token '" + name + "'";
}

void add_tokens(const P11Kit& kit, P11KitUri* uri, CK_FUNCTION_LIST* module,
                std::vector<Token>& tokens) {
  CK_INFO info{};
  if (module->C_GetInfo(&info) != CKR_OK || kit.uri_match_module_info(uri, &info) != 1) return;
  // A module that does not work is as good as none: the token may be another's.
  std::vector<CK_SLOT_ID> slots(max_slots);
  CK_ULONG count = slots.size();
  if (module->C_GetSlotList(CK_TRUE, slots.data(), &count) != CKR_OK || count > slots.size())
    return;
  slots.resize(count);
  const CK_SLOT_ID wanted = kit.uri_get_slot_id(uri);
  for (const CK_SLOT_ID slot : slots) {
    Token token{module, slot, {}};
    CK_SLOT_INFO slot_info{};
    if (wanted != ~CK_SLOT_ID{0} && wanted != slot) continue;
    if (module->C_GetSlotInfo(slot, &slot_info) != CKR_OK ||
        kit.uri_match_slot_info(uri, &slot_info) != 1)
      continue;
    if (module->C_GetTokenInfo(slot, &token.info) != CKR_OK ||
        kit.uri_match_token_info(uri, &token.info) != 1)
      continue;
    if ((token.info.flags & CKF_TOKEN_INITIALIZED) != 0) tokens.push_back(token);
  }
}

// Exactly one: a PIN is for one token.
Expected<Token> find_token(const P11Kit& kit, P11KitUri* uri, const Modules& modules) {
  std::vector<Token> tokens;
  for (CK_FUNCTION_LIST* module : modules.use()) add_tokens(kit, uri, module, tokens);
  if (tokens.empty())
    return fail(Code::unavailable,
                "the token that keys.root names is not there: plug it in, or see p11-kit "
                "list-modules");
  if (tokens.size() > 1)
    return fail(Code::configuration, "keys.root fits " + std::to_string(tokens.size()) +
                                         " tokens: name one with token= and serial=");
  return tokens.front();
}

// --- A session ---

class Session {
 public:
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  Session(Session&& other) noexcept
      : kit_(other.kit_),
        token_(other.token_),
        handle_(std::exchange(other.handle_, CK_SESSION_HANDLE{0})) {}
  Session& operator=(Session&&) = delete;
  // The last session takes the login with it.
  ~Session() {
    if (handle_ != 0) (void)token_.module->C_CloseSession(handle_);
  }

  static Expected<Session> open(const P11Kit& kit, const Token& token, bool writing) {
    Session session(kit, token);
    const CK_FLAGS flags = CKF_SERIAL_SESSION | (writing ? CKF_RW_SESSION : CK_FLAGS{0});
    const CK_RV rv =
        token.module->C_OpenSession(token.slot, flags, nullptr, nullptr, &session.handle_);
    if (rv == CKR_TOKEN_WRITE_PROTECTED)
      return fail(Code::configuration, name_of(token) + " is write-protected");
    if (rv != CKR_OK)
      return fail(Code::unavailable, name_of(token) + " opens no session" + because(kit, rv));
    return session;
  }

  CK_SESSION_HANDLE handle() const { return handle_; }
  CK_FUNCTION_LIST& call() const { return *token_.module; }
  const Token& token() const { return token_; }
  tl::unexpected<Error> failed(const std::string& what, CK_RV rv) const {
    return fail(Code::unavailable, name_of(token_) + what + because(kit_, rv));
  }

 private:
  Session(const P11Kit& kit, const Token& token) : kit_(kit), token_(token) {}
  const P11Kit& kit_;
  Token token_;
  CK_SESSION_HANDLE handle_ = 0;
};

// From pin-source, the credential, or a person.
Expected<Answer> find_pin(const P11Kit& kit, P11KitUri* uri, const Token& token,
                          const AskSecret& ask) {
  const char* source = kit.uri_get_pin_source(uri);
  if (source == nullptr)
    return obtain({"PIN of " + name_of(token), "root.pin", "PIN of " + name_of(token) + ": ",
                   "say pin-source=file:/path in keys.root, hand it over as the systemd "
                   "credential root.pin, or run credctl on a terminal or with --passphrase-stdin"},
                  ask, nullptr);
  const std::string url = source;
  if (!url.starts_with("file:/"))
    return fail(Code::configuration,
                "keys.root has a pin-source= that is not file: and the absolute path of a file");
  auto pin =
      read_guarded(url.substr(5), "the PIN file", {1, max_passphrase_bytes + 1}, Guard::owner);
  if (!pin) return tl::make_unexpected(pin.error());
  strip_newline(*pin);
  return Answer{std::move(*pin), From::credential};
}

Expected<void> log_in(const P11Kit& kit, P11KitUri* uri, const Session& session,
                      const AskSecret& ask) {
  const Token& token = session.token();
  if ((token.info.flags & CKF_LOGIN_REQUIRED) == 0) return {};
  if ((token.info.flags & CKF_USER_PIN_LOCKED) != 0)
    return fail(Code::unavailable, "the PIN of " + name_of(token) + " is locked");
  // The token has a keypad of its own.
  const bool keypad = (token.info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  Answer pin{{}, From::person};
  if (!keypad) {
    auto found = find_pin(kit, uri, token, ask);
    if (!found) return tl::make_unexpected(found.error());
    pin = std::move(*found);
    // A service starts again and again with the same wrong PIN.
    if (pin.from != From::person && (token.info.flags & CKF_USER_PIN_FINAL_TRY) != 0)
      return fail(Code::unavailable, name_of(token) +
                                         " has one try left for its PIN, which is not spent on a "
                                         "stored one: log in by hand");
  }
  const CK_RV rv =
      session.call().C_Login(session.handle(), CKU_USER, keypad ? nullptr : pin.secret.uchars(),
                             keypad ? 0 : pin.secret.size());
  if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN) return {};
  if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID)
    return fail(pin.from == From::person ? Code::refused : Code::configuration,
                "the PIN is not that of " + name_of(token));
  return session.failed(" takes no PIN", rv);
}

// --- The key ---

template <class Value>
CK_ATTRIBUTE attribute(CK_ATTRIBUTE_TYPE type, Value& value) {
  return {type, &value, sizeof value};
}

// Where exactly one is wanted, two are as bad as many.
Expected<std::vector<CK_OBJECT_HANDLE>> find_keys(const P11Kit& kit, P11KitUri* uri,
                                                  const Session& session) {
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_BBOOL yes = CK_TRUE;
  std::vector<CK_ATTRIBUTE> wanted{attribute(CKA_CLASS, secret_key), attribute(CKA_TOKEN, yes)};
  for (const CK_ATTRIBUTE_TYPE type : {CKA_LABEL, CKA_ID})
    if (const CK_ATTRIBUTE* named = kit.uri_get_attribute(uri, type)) wanted.push_back(*named);
  CK_RV rv = session.call().C_FindObjectsInit(session.handle(), wanted.data(), wanted.size());
  if (rv != CKR_OK) return session.failed(" cannot be searched", rv);
  std::vector<CK_OBJECT_HANDLE> keys;
  CK_ULONG count = 0;
  do {
    CK_OBJECT_HANDLE key = 0;
    rv = session.call().C_FindObjects(session.handle(), &key, 1, &count);
    if (rv == CKR_OK && count == 1) keys.push_back(key);
  } while (rv == CKR_OK && count == 1 && keys.size() < 2);
  (void)session.call().C_FindObjectsFinal(session.handle());
  if (rv != CKR_OK) return session.failed(" cannot be searched", rv);
  return keys;
}

// That the key can sign, and that nobody can read it out.
Expected<void> inspect(const Session& session, CK_OBJECT_HANDLE key) {
  CK_KEY_TYPE type = 0;
  CK_BBOOL sensitive = CK_FALSE;
  std::array<CK_ATTRIBUTE, 2> asked{attribute(CKA_KEY_TYPE, type),
                                    attribute(CKA_SENSITIVE, sensitive)};
  const CK_RV rv =
      session.call().C_GetAttributeValue(session.handle(), key, asked.data(), asked.size());
  if (rv != CKR_OK) return session.failed(" tells nothing of the key", rv);
  if (type != CKK_GENERIC_SECRET && type != CKK_SHA256_HMAC)
    return fail(Code::configuration, "the key in " + name_of(session.token()) +
                                         " is of another type than GENERIC_SECRET or SHA256_HMAC");
  if (sensitive != CK_TRUE)
    return fail(Code::configuration, "the key in " + name_of(session.token()) +
                                         " can be read out of it (CKA_SENSITIVE is false): credctl "
                                         "creates one that stays there");
  return {};
}

Expected<Secret> sign_label(const Session& session, CK_OBJECT_HANDLE key) {
  CK_MECHANISM hmac{CKM_SHA256_HMAC, nullptr, 0};
  CK_RV rv = session.call().C_SignInit(session.handle(), &hmac, key);
  if (rv == CKR_KEY_FUNCTION_NOT_PERMITTED || rv == CKR_KEY_TYPE_INCONSISTENT)
    return fail(Code::configuration, "the key in " + name_of(session.token()) +
                                         " may not be used for SHA256_HMAC (CKA_SIGN)");
  if (rv != CKR_OK) return session.failed(" does not sign with SHA256_HMAC", rv);
  std::array<CK_BYTE, derivation_label.size()> label{};
  std::memcpy(label.data(), derivation_label.data(), label.size());
  Secret root(key_bytes);
  if (!root.ok()) return fail(Code::unavailable, "no memory for the root key");
  CK_ULONG length = root.size();
  rv = session.call().C_Sign(session.handle(), label.data(), label.size(), root.uchars(), &length);
  if (rv != CKR_OK || length != key_bytes)
    return session.failed(" does not sign with SHA256_HMAC", rv);
  return root;
}

Expected<CK_OBJECT_HANDLE> generate(const P11Kit& kit, P11KitUri* uri, const Session& session) {
  CK_OBJECT_CLASS secret_key = CKO_SECRET_KEY;
  CK_KEY_TYPE type = CKK_GENERIC_SECRET;
  CK_ULONG length = key_bytes;
  CK_BBOOL yes = CK_TRUE;
  CK_BBOOL no = CK_FALSE;
  std::vector<CK_ATTRIBUTE> wanted{attribute(CKA_CLASS, secret_key), attribute(CKA_KEY_TYPE, type),
                                   attribute(CKA_VALUE_LEN, length), attribute(CKA_TOKEN, yes),
                                   attribute(CKA_PRIVATE, yes),      attribute(CKA_SENSITIVE, yes),
                                   attribute(CKA_EXTRACTABLE, no),   attribute(CKA_SIGN, yes),
                                   attribute(CKA_DERIVE, no)};
  for (const CK_ATTRIBUTE_TYPE named : {CKA_LABEL, CKA_ID})
    if (const CK_ATTRIBUTE* value = kit.uri_get_attribute(uri, named)) wanted.push_back(*value);
  CK_MECHANISM mechanism{CKM_GENERIC_SECRET_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE key = 0;
  const CK_RV rv = session.call().C_GenerateKey(session.handle(), &mechanism, wanted.data(),
                                                wanted.size(), &key);
  if (rv != CKR_OK) return session.failed(" generates no key", rv);
  return key;
}

// What both directions begin with: a session of somebody who may use the key.
struct Opened {
  P11Kit kit{};
  std::optional<Uri> uri;
  std::optional<Modules> modules;
  std::optional<Session> session;
};

// In place, since the parts refer to one another.
Expected<void> open_token(Opened& opened, const std::string& text, const AskSecret& ask,
                          bool writing) {
  auto kit = load_p11_kit();
  if (!kit) return tl::make_unexpected(kit.error());
  opened.kit = *kit;
  auto uri = parse(opened.kit, text);
  if (!uri) return tl::make_unexpected(uri.error());
  opened.uri = std::move(*uri);
  auto modules = Modules::load(opened.kit, opened.uri->get());
  if (!modules) return tl::make_unexpected(modules.error());
  opened.modules.emplace(std::move(*modules));
  const auto token = find_token(opened.kit, opened.uri->get(), *opened.modules);
  if (!token) return tl::make_unexpected(token.error());
  auto session = Session::open(opened.kit, *token, writing);
  if (!session) return tl::make_unexpected(session.error());
  opened.session.emplace(std::move(*session));
  return log_in(opened.kit, opened.uri->get(), *opened.session, ask);
}

}  // namespace

Expected<Secret> load_pkcs11_key(const std::string& uri, const AskSecret& ask) {
  Opened opened;
  if (auto ready = open_token(opened, uri, ask, false); !ready)
    return tl::make_unexpected(ready.error());
  const Session& session = *opened.session;
  const auto keys = find_keys(opened.kit, opened.uri->get(), session);
  if (!keys) return tl::make_unexpected(keys.error());
  if (keys->empty())
    return fail(Code::unavailable,
                name_of(session.token()) + " has no secret key of the name in keys.root");
  if (keys->size() > 1)
    return fail(Code::configuration, name_of(session.token()) +
                                         " has more than one key of the name in keys.root: add "
                                         "id=, or remove one");
  if (auto fit = inspect(session, keys->front()); !fit) return tl::make_unexpected(fit.error());
  return sign_label(session, keys->front());
}

Expected<Secret> create_pkcs11_key(const std::string& uri, const AskSecret& ask) {
  Opened opened;
  if (auto ready = open_token(opened, uri, ask, true); !ready)
    return tl::make_unexpected(ready.error());
  const Session& session = *opened.session;
  if (opened.kit.uri_get_attribute(opened.uri->get(), CKA_LABEL) == nullptr)
    return fail(Code::configuration, "keys.root has no object=, the label of the key to create");
  const auto before = find_keys(opened.kit, opened.uri->get(), session);
  if (!before) return tl::make_unexpected(before.error());
  if (!before->empty())
    return fail(Code::conflict, name_of(session.token()) + " has a key of this name already");
  const auto key = generate(opened.kit, opened.uri->get(), session);
  if (!key) return tl::make_unexpected(key.error());
  // A token does not refuse a second key of the same name.
  const auto after = find_keys(opened.kit, opened.uri->get(), session);
  if (after && after->size() == 1) {
    if (auto fit = inspect(session, *key); !fit) return tl::make_unexpected(fit.error());
    return sign_label(session, *key);
  }
  (void)session.call().C_DestroyObject(session.handle(), *key);
  if (!after) return tl::make_unexpected(after.error());
  return fail(Code::conflict, "another process created a key of this name in " +
                                  name_of(session.token()) + " at the same moment");
}

}  // namespace cred::vault
