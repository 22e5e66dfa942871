#!/usr/bin/env bash
# scripts/setup on machines of many kinds. Each case gets a PATH that holds only stubs, which record their calls and keep
# the machine's state in files: nothing is installed, and the real machine's packages do not matter.
set -euo pipefail
setup=$(cd "$(dirname "$0")/../.." && pwd)/scripts/setup
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

# new_machine SWIFT UID SUDO PACKAGE...: a machine with that `swift --version` ("-" for none), user id, sudo
# ("yes", "no" for one that asks for a password, "-" for none), and packages as pkg-config names them, "name=version".
new_machine() {
  local swift=$1 uid=$2 sudo=$3 tool package
  shift 3
  machine=$(mktemp -d "$scratch/a machine.XXXX")
  bin=$machine/bin
  mkdir "$bin" "$machine/packages"
  : >"$machine/calls"
  for tool in bash env sed head tail cat ln; do ln -s "$(command -v "$tool")" "$bin/$tool"; done
  stub id "echo $uid"
  if [ "$swift" != - ]; then stub swift "echo 'Swift version $swift (swift-$swift-RELEASE)'"; fi
  case $sudo in
  yes) stub sudo 'echo "sudo $*" >>"$MACHINE/calls"; shift; exec "$@"' ;;
  no) stub sudo 'exit 1' ;;
  esac
  stub apt-get 'echo "apt-get $*" >>"$MACHINE/calls"
if [ -e "$MACHINE/offline" ]; then echo "E: Temporary failure resolving" >&2; exit 100; fi
[ ! -e "$MACHINE/lying" ] || exit 0
for word; do
  case $word in
  libffi-dev) echo 3.4.4 >"$MACHINE/packages/libffi" ;;
  libcapstone-dev) echo 4.0.2 >"$MACHINE/packages/capstone" ;;
  pkg-config) ln -sf pkg-config.available "$MACHINE/bin/pkg-config" ;;
  esac
done'
  # sudo's own check, `sudo -n true`.
  stub true 'exit 0'
  stub pkg-config.available 'version=$(cat "$MACHINE/packages/$2" 2>/dev/null) || exit 1
case $1 in --atleast-version=4.0) [ "${version%%.*}" -ge 4 ] ;; esac'
  for package; do
    if [ "$package" = pkg-config ]; then
      ln -s pkg-config.available "$bin/pkg-config"
    else
      echo "${package#*=}" >"$machine/packages/${package%%=*}"
    fi
  done
}

stub() {
  printf '#!%s\n%s\n' "$BASH" "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}

# expect NAME STATUS CALLS MESSAGE: runs setup there. CALLS are the apt-get calls in order, joined by "; ". MESSAGE is a
# pattern for everything that was printed, which must be one line ("" for silence).
expect() {
  local name=$1 status=$2 calls=$3 message=$4 got_status=0 output got_calls
  output=$(cd "$machine" && env -i PATH="$bin" MACHINE="$machine" bash "$setup" 2>&1) || got_status=$?
  got_calls=$(awk 'NR > 1 { printf "; " } { printf "%s", $0 }' "$machine/calls")
  # shellcheck disable=SC2053 # MESSAGE is a pattern.
  if [ "$got_status" -eq "$status" ] && [ "$got_calls" = "$calls" ] && [[ $output == $message ]] && [[ $output != *$'\n'* ]]; then
    echo "ok: $name"
  else
    printf 'FAILED: %s\n  status %s, expected %s\n  calls  %s\n  expect %s\n  output %s\n  expect %s\n' \
      "$name" "$got_status" "$status" "$got_calls" "$calls" "$output" "$message"
    failures=$((failures + 1))
  fi
}

apt_get='apt-get -qq -o DPkg::Lock::Timeout=60'
update="$apt_get update"
install="$apt_get install -y --no-install-recommends"
as_user='sudo -n env DEBIAN_FRONTEND=noninteractive'

new_machine 6.3.1 0 - pkg-config libffi=3.4.4 capstone=4.0.2
expect 'everything is there' 0 '' ''

new_machine 6.2 0 - pkg-config libffi=3.4.4 capstone=5.0.1
expect 'the oldest Swift, a newer capstone' 0 '' ''

new_machine 6.3.1 0 -
expect 'root, nothing installed' 0 "$update; $install pkg-config libffi-dev libcapstone-dev" 'setup: installed *'

new_machine 6.3.1 0 - pkg-config capstone=4.0.2
expect 'root, libffi missing' 0 "$update; $install libffi-dev" 'setup: installed libffi-dev'

new_machine 6.3.1 0 - libffi=3.4.4 capstone=4.0.2
expect 'root, only pkg-config missing: the libraries cannot be seen' 0 \
  "$update; $install pkg-config libffi-dev libcapstone-dev" 'setup: installed *'

new_machine 6.3.1 0 - pkg-config libffi=3.4.4 capstone=3.0.5
expect 'root, capstone too old' 0 "$update; $install libcapstone-dev" 'setup: installed libcapstone-dev'

new_machine 6.3.1 1000 yes pkg-config libffi=3.4.4
expect 'a user with sudo' 0 \
  "sudo -n true; $as_user $update; $update; $as_user $install libcapstone-dev; $install libcapstone-dev" \
  'setup: installed libcapstone-dev'

new_machine 6.3.1 1000 no pkg-config libffi=3.4.4
expect 'a user whose sudo asks for a password' 1 '' 'setup: install these packages* libcapstone-dev (*'

new_machine 6.3.1 1000 - pkg-config
expect 'a user without sudo' 1 '' 'setup: install these packages* libffi-dev libcapstone-dev (*'

new_machine 6.3.1 0 - pkg-config
rm "$bin/apt-get"
expect 'no apt-get' 1 '' 'setup: install these packages* libffi-dev libcapstone-dev (*'

new_machine 6.3.1 0 - pkg-config libffi=3.4.4
touch "$machine/lying"
expect 'apt-get succeeds, the library is still not found' 1 "$update; $install libcapstone-dev" '*does not find: libcapstone-dev*'

new_machine - 0 -
expect 'no Swift' 1 '' 'setup: no Swift toolchain found; *'

new_machine 6.1.2 0 -
expect 'Swift too old' 1 '' 'setup: Swift 6.1 is too old; *'

new_machine 5.10 0 - pkg-config libffi=3.4.4 capstone=4.0.2
expect 'Swift much too old' 1 '' 'setup: Swift 5.10 is too old; *'

new_machine 6.3.1 0 - pkg-config
touch "$machine/offline"
expect 'no network' 1 "$update; $install libffi-dev libcapstone-dev" \
  'setup: apt-get could not install them (E: Temporary failure resolving); * libffi-dev libcapstone-dev (*'

[ "$failures" -eq 0 ]
