#!/usr/bin/env bash
# scripts/conformance must fail when a row has no verdict: each way of not passing is tried on a made-up event stream.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
catalogue=$scratch/catalogue.md
events=$scratch/events.jsonl
failures=0

# A catalogue of 45 rows, of which 45 is not applicable, and a stream in which one test passes for all of the others.
new_run() {
  local row
  for row in {1..44}; do echo "| $row | behaviour | decision | observation |"; done >"$catalogue"
  echo '| 45 | behaviour | not applicable: no ring | - |' >>"$catalogue"
  : >"$events"
  declare_test all "rows $(seq -s ', ' 1 44): the \\\"whole\\\" \\\"id\\\":\\\"x\\\" list"
  end_test all pass
}

id() { printf 'EngineTests.Suite\\/%s()\\/Tests.swift:2:2' "$1"; }

# declare_test NAME DISPLAY-NAME, as the event stream of Swift Testing 6.3 writes it.
declare_test() {
  printf '{"kind":"test","payload":{"displayName":"%s","id":"%s","isParameterized":false,"kind":"function","name":"%s()"},"version":"6.3.0"}\n' \
    "$2" "$(id "$1")" "$1" >>"$events"
}

# end_test NAME SYMBOL
end_test() {
  printf '{"kind":"event","payload":{"kind":"testEnded","messages":[{"symbol":"%s","text":"Test ended."}],"testID":"%s"},"version":"6.3.0"}\n' \
    "$2" "$(id "$1")" >>"$events"
}

# expect NAME STATUS PATTERN: judges the run; PATTERN is a line of the output.
expect() {
  local name=$1 status=$2 pattern=$3 got_status=0 output
  [ "${4-}" = unfinished ] || echo '{"kind":"event","payload":{"kind":"runEnded","messages":[]},"version":"6.3.0"}' >>"$events"
  output=$("$root/scripts/conformance" --events "$events" --catalogue "$catalogue" 2>&1) || got_status=$?
  if [ "$got_status" -eq "$status" ] && grep -qx -e "$pattern" <<<"$output"; then
    echo "ok: $name"
  else
    printf 'FAILED: %s\n  status %s, expected %s; no line is %s\n%s\n' "$name" "$got_status" "$status" "$pattern" "$output"
    failures=$((failures + 1))
  fi
}

new_run
expect 'every row has a verdict' 0 'row 44: ok EngineTests.Suite/all()'
new_run
expect 'a row that is not applicable' 0 'row 45: not applicable: no ring'

new_run
declare_test more 'row 7: more'
end_test more pass
expect 'two tests for a row' 0 'row 7: ok EngineTests.Suite/all() EngineTests.Suite/more()'

for symbol in fail skip passWithKnownIssue; do
  new_run
  declare_test more 'row 7: more'
  end_test more "$symbol"
  expect "a test that ended with $symbol" 1 'row 7: FAILED, did not run and pass: EngineTests.Suite/more()'
done

new_run
declare_test more 'rows 7,8: more'
expect 'a test that never ended' 1 'row 8: FAILED, did not run and pass: EngineTests.Suite/more()'

new_run
: >"$events"
declare_test most "rows $(seq -s ', ' 2 44): all but the first"
end_test most pass
expect 'a row that no test names' 1 'row 1: MISSING, no test names it'

new_run
sed -i 's/not applicable: no ring/not applicable: /' "$catalogue"
expect 'not applicable without a reason' 1 'row 45: MISSING, no test names it'

new_run
declare_test more 'row 45: more'
end_test more pass
expect 'not applicable, yet tested' 1 'row 45: FAILED, declared not applicable but tested by EngineTests.Suite/more()'

new_run
declare_test more 'row 46: more'
end_test more pass
expect 'a row that does not exist' 1 'conformance: test EngineTests.Suite/more() names row 46, .*'

new_run
declare_test more 'row 7 more'
end_test more pass
expect 'a name that only looks like a row' 1 'conformance: test "row 7 more" does not name its rows .*'

new_run
sed -i '/^| 9 /d' "$catalogue"
expect 'a row that left the catalogue' 1 'conformance: row 9 is not in the catalogue'

new_run
expect 'a run that crashed' 1 'conformance: the run of the tests did not end' unfinished

[ "$failures" -eq 0 ]
