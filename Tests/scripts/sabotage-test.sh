#!/usr/bin/env bash
# usage: sabotage-test.sh FTRACE FTRACE-WITH-DELAYS
# The torture test must be able to fail: each saboteur makes it exit 1 within 5 s, and the same build passes without one.
# A build without the trait has no saboteurs: it exits 64 and names the command that builds one that has.
set -euo pipefail
plain=$1
delays=$2
output=$(mktemp)
trap 'rm -f "$output"' EXIT
failures=0

# expect NAME STATUS COMMAND...: a run that ends with another status, or not within 10 s, or within LIMIT, is a failure.
expect() {
  local name=$1 status=$2 got_status=0
  shift 2
  timeout "${LIMIT:-10}" "$@" >"$output" 2>&1 || got_status=$?
  if [ "$got_status" -eq "$status" ]; then
    echo "ok: $name"
  else
    printf 'FAILED: %s: status %s, expected %s\n' "$name" "$got_status" "$status"
    tail -n 20 "$output"
    failures=$((failures + 1))
  fi
}

expect 'the build with the trait finds nothing by itself' 0 "$delays" torture --seconds 1 --threads 4 --seed 1
expect 'delays alone find nothing' 0 "$delays" torture --seconds 2 --threads 4 --seed 1 --delays
expect 'delays at any instruction find nothing' 0 \
  "$delays" torture --seconds 2 --threads 4 --seed 2 --delays --grace 0 --churn --daemon
expect 'delays need the trait' 64 "$plain" torture --seconds 2 --threads 4 --seed 1 --delays
grep -q 'swift build.*--traits Delays' "$output" || { echo 'FAILED: --delays: the command is not named' && failures=$((failures + 1)); }
for saboteur in drop-event skip-site stale-callee skip-wait skip-scan lose-event; do
  few=()
  # Memory that is used again too early is found where few functions are called, and each is replaced often.
  [ "$saboteur" != skip-scan ] || few=(--functions 4)
  LIMIT=5 expect "$saboteur is found" 1 "$delays" torture --seconds 5 --threads 4 --seed 1 "${few[@]}" --sabotage "$saboteur"
  grep -q 'mismatches=[1-9]' "$output" || { echo "FAILED: $saboteur: no mismatch was counted" && failures=$((failures + 1)); }
  expect "$saboteur needs the trait" 64 "$plain" torture --seconds 5 --threads 4 --seed 1 --sabotage "$saboteur"
  grep -q 'swift build.*--traits Delays' "$output" || { echo "FAILED: $saboteur: the command is not named" && failures=$((failures + 1)); }
done

[ "$failures" -eq 0 ]
