#!/bin/sh
# What pam_cred.so may bring into a host: libpam, libc, six entry points.
set -eu
module=$1
status=0

fail() {
  echo "$module: $1" >&2
  status=1
}

# On its own musl's C library has another name; an architecture may add ld.so.
for library in $(readelf -dW "$module" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
  case $library in
    libpam.so.* | libc.so.* | libc.musl-*.so.* | ld-linux*.so.*) ;;
    *) fail "needs $library" ;;
  esac
done

exported=$(nm -D --defined-only "$module" | awk '{ print $NF }' | sort | tr '\n' ' ')
expected='pam_sm_acct_mgmt pam_sm_authenticate pam_sm_chauthtok pam_sm_close_session pam_sm_open_session pam_sm_setcred '
[ "$exported" = "$expected" ] || fail "exports $exported"

# __cxa_finalize is the C start-up code's, and weak.
foreign=$(nm "$module" | awk '{ print $NF }' |
  grep -E '^(__cxa_|_Zn[wa]|_Zd[la]|__gxx_personality|_ZSt|_ZNSt|_Unwind)' |
  grep -v '^__cxa_finalize' || true)
[ -z "$foreign" ] || fail "contains the C++ runtime: $foreign"

nm "$module" | awk '$(NF-1) == "u" { exit 1 }' || fail 'has a unique symbol and would stay mapped'
if readelf -lW "$module" | grep -q ' TLS '; then fail 'has thread-local storage'; fi
if readelf -lW "$module" | grep 'GNU_STACK' | grep -q 'RWE'; then fail 'has an executable stack'; fi
readelf -lW "$module" | grep -q GNU_RELRO || fail 'is not relro'
readelf -dW "$module" | grep -q BIND_NOW || fail 'binds lazily'
readelf -dW "$module" | grep -q SYMBOLIC || fail 'lets the host interpose on its symbols'

# Writable data would be state shared by all handles of the host.
data=$(nm "$module" | awk '$(NF-1) ~ /^[BbDdCc]$/ { print $NF }' |
  grep -vE '^(completed\.[0-9]+|_DYNAMIC|_GLOBAL_OFFSET_TABLE_|__TMC_END__|__dso_handle|__do_global_dtors_aux_fini_array_entry|__frame_dummy_init_array_entry|__bss_start|_edata|_end)$' || true)
[ -z "$data" ] || fail "has writable data: $data"
exit $status
