#!/bin/sh
# An instruction that the processor may lack stands in the kernel that is chosen for it and
# nowhere else, and no kernel has a function that the linker could take for another's.
set -eu
library=$1
status=0
fail() {
  echo "$library: $1" >&2
  status=1
}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
(cd "$directory" && ar x "$library")
wide='%[yz]mm|%k[0-7]'
for object in "$directory"/*.o; do
  name=$(basename "$object" .cpp.o)
  case $name in
    avx2 | avx512)
      objdump -d "$object" | grep -qE "$wide" || fail "$name is not compiled for its processor"
      ;;
    *)
      if objdump -d "$object" | grep -qE "$wide|[[:space:]]v[a-z0-9]+ .*%xmm"; then
        fail "$name has an instruction of AVX"
      fi
      ;;
  esac
  case $name in
    avx2 | avx512 | portable)
      weak=$(nm "$object" | awk '$(NF-1) ~ /^[WVu]$/ { print $NF }')
      [ -z "$weak" ] || fail "$name shares $weak"
      ;;
  esac
done
exit $status
