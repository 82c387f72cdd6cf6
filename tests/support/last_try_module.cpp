// SoftHSM, whose token says that one try is left for its PIN. For tests.

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

namespace {

CK_FUNCTION_LIST* real = nullptr;

CK_RV token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  const CK_RV rv = real->C_GetTokenInfo(slot, info);
  if (rv == CKR_OK) info->flags |= CKF_USER_PIN_FINAL_TRY;
  return rv;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions;
  void* library = dlopen(CRED_TEST_PKCS11_MODULE, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return CKR_GENERAL_ERROR;
  const auto find = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (find == nullptr || find(&real) != CKR_OK) return CKR_GENERAL_ERROR;
  functions = *real;
  functions.C_GetTokenInfo = token_info;
  *list = &functions;
  return CKR_OK;
}
