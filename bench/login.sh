#!/bin/bash
# login.sh BUILD_DIR [TURNS]
#
# What a user waits for at a login: pam_cred.so with the default 64 MiB, through credd and
# without it, beside pam_unix with yescrypt's default, on all cores and on one. Runs as root
# on a copy of this machine (tests/hosts/sandbox) with BUILD_DIR installed on it.
set -euo pipefail
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
build=$(realpath "${1:?usage: login.sh BUILD_DIR [TURNS]}")
turns=${2:-40}

if [ ! -e /run/cred-sandbox ]; then
  exec "$here/../tests/hosts/sandbox" "$build" "$here/login.sh" "$build" "$turns"
fi

module=$(find /usr -name pam_cred.so -print -quit)
credd=$(find /usr -name credd -type f -print -quit)
password=Harvest7moon
stack() {  # NAME MODULE...: authentication alone
  local name=$1
  shift
  printf 'auth required %s\naccount required pam_permit.so\n' "$*" >"/etc/pam.d/$name"
}
stack bench-empty pam_permit.so
stack bench-unix pam_unix.so
stack bench-service "$module"
stack bench-alone "$module" socket=/run/none

useradd alice
printf 'alice:%s\n' "$password" | chpasswd -c YESCRYPT
grep -q '^alice:\$y\$j9T\$' /etc/shadow  # the default cost of yescrypt
printf '' >/etc/cred/cred.conf
credctl init >/dev/null
printf '%s\n' "$password" | credctl user add alice --stdin >/dev/null

compare() {  # COMMAND...: before credd and before the bench
  "$@" "$credd" &
  local service=$!
  for _ in $(seq 100); do
    [ -S /run/cred/credd.sock ] && break
    sleep 0.1
  done
  "$@" "$build/bench/bench_login" "$turns" alice "$password"
  kill "$service"
  wait "$service" || true
}
echo "all $(nproc) cores, idle:"
compare env
echo "one core, for the host and credd together:"
compare taskset -c 0
