#!/usr/bin/env bash
# The one entry: `./build.sh help` says what there is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly CACHE="${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/edge-ingester"
readonly BINARY=dist/edge-ingester
readonly TARGET_DEFAULT=bun-linux-x64-baseline
readonly JAVA_MIN=17
# A test that hangs ends here; the slowest honest ones name a limit of their own.
readonly TEST_TIMEOUT_MS=20000
# What is said of failed tests at the end of the output, of which CI keeps no more than the end.
readonly FAILURE_LINES_MAX=200
# A network that swallows packets must not hold anybody up for ever.
readonly FETCH_LIMIT=5m

usage() {
  cat <<'END'
Usage: ./build.sh <command> [arguments]

  demo [arguments]     build, then run the whole pipeline against built-in venues; needs no outside service
  run [arguments]      build, then run with the configuration of the environment
  test [--without-integration] [arguments of `bun test`]
                       install what the tests need, then run them all; integration tests use a real Kafka and real FIX engines
  check                format, lint, types, dead code, house rules, shell syntax
  build [--target TARGET] [--outfile FILE]
                       compile dist/edge-ingester; TARGET: bun-linux-x64-baseline (default), bun-linux-x64,
                       bun-linux-x64-modern, bun-linux-arm64, bun-linux-x64-musl, bun-linux-arm64-musl
  release [--verify]   make dist/release: executables for x64 (baseline and modern) and arm64, Debian packages, SBOM, licences,
                       unit, checksums. --verify makes it twice from clean copies of what is committed and compares
  faults [--short] [--list] [--record] [fault...]
                       bring about the faults of docs/promises.md in their long forms, one after the other, and write what was
                       measured to dist/faults-report.md; root is needed for those that cut lines (all: hours; F1 F3 …: some)
  bench [section...]   measure CPU per quote, latency and memory, print tables: websocket, fix, grpc, rest, spool (all)
  help                 this text

The pinned Bun (package.json, engines) is fetched from the npm registry when `bun` is absent or another version.
END
}

say() { printf '%s\n' "$*" >&2; }

die() {
  say "build.sh: $*"
  exit 1
}

# step <what> <command...>: runs the command, says how long it took and returns its exit code.
step() {
  local what="$1" start="$SECONDS" code
  shift
  say "== $what"
  # A subshell of its own, and no `||` around it: there errexit would not act inside the command.
  set +e
  (
    set -e
    "$@"
  )
  code=$?
  set -e
  if [[ $code -eq 0 ]]; then
    say "== $what: $((SECONDS - start)) s"
  else
    say "== $what: FAILED after $((SECONDS - start)) s"
  fi
  return "$code"
}

# quietly <command...>: shows the output only when the command fails.
quietly() {
  local log code=0
  log="$(mktemp)"
  "$@" >"$log" 2>&1 || code=$?
  if [[ $code -ne 0 ]]; then cat "$log" >&2; fi
  rm -f "$log"
  return "$code"
}

has() { command -v "$1" >/dev/null 2>&1; }

# ---- Bun and the dependencies ----------------------------------------------------------------------------------------

pinned_bun_version() {
  sed -nE 's/.*"bun": *"([0-9.]+)".*/\1/p' package.json | head -n 1
}

is_bun_version() { [[ "$("$1" --version 2>/dev/null)" == "$2" ]]; }

ensure_bun() {
  local version folder
  version="$(pinned_bun_version)"
  [[ -n "$version" ]] || die 'package.json names no Bun version in "engines"'
  folder="$CACHE/bun-$version"
  if has bun && is_bun_version bun "$version"; then return; fi
  if ! is_bun_version "$folder/node_modules/.bin/bun" "$version"; then
    has npm || die "Bun $version is needed: install it, or npm, which can fetch it"
    step "fetch Bun $version" fetch_bun "$version" "$folder"
  fi
  export PATH="$folder/node_modules/.bin:$PATH"
}

# Two runs at once each fill a draft; the first to finish puts its own in place.
fetch_bun() {
  local version="$1" folder="$2" draft
  mkdir -p "$CACHE"
  draft="$(mktemp -d "$CACHE/bun-draft.XXXXXX")"
  quietly timeout "$FETCH_LIMIT" npm install --prefix "$draft" --no-save --no-audit --no-fund "bun@$version"
  is_bun_version "$draft/node_modules/.bin/bun" "$version" || die "npm did not give a Bun $version that runs"
  # -T: never into a folder that has come to be meanwhile.
  if ! mv -T "$draft" "$folder" 2>/dev/null; then
    if ! is_bun_version "$folder/node_modules/.bin/bun" "$version"; then
      rm -rf "$folder"
      mv -T "$draft" "$folder"
    fi
    rm -rf "$draft"
  fi
}

ensure_dependencies() {
  ensure_bun
  quietly timeout "$FETCH_LIMIT" bun install --frozen-lockfile || die "the dependencies could not be installed"
}

# ---- build -----------------------------------------------------------------------------------------------------------

package_version() { sed -nE 's/^ *"version": *"([^"]+)".*/\1/p' package.json; }

source_commit() {
  local commit
  commit="$(git rev-parse --short=12 HEAD 2>/dev/null || true)"
  if [[ -n "$commit" && -n "$(git status --porcelain --untracked-files=no 2>/dev/null)" ]]; then commit+=-modified; fi
  printf '%s' "${commit:-unknown}"
}

# The binary reads nothing of its working directory. Names stay and the source map is inside, so that a stack trace from
# the field names our files and lines; minified names would save less than 1 % of the size. Libraries that ask for their own
# folder would get the build machine's path, and another executable for each place it is built at.
compile() {
  local target="$1" outfile="$2"
  mkdir -p "$(dirname "$outfile")"
  quietly bun build src/main.ts --compile --target="$target" --outfile "$outfile" \
    --no-compile-autoload-dotenv --no-compile-autoload-bunfig \
    --no-compile-autoload-package-json --no-compile-autoload-tsconfig \
    --minify-syntax --sourcemap=inline \
    --define '__dirname="/"' --define '__filename="/edge-ingester"' \
    --define "EDGE_INGESTER_VERSION=\"$(package_version)\"" \
    --define "EDGE_INGESTER_COMMIT=\"$(source_commit)\""
  rm -f "$outfile.map"
}

command_build() {
  local target="$TARGET_DEFAULT" outfile="$BINARY"
  while [[ $# -gt 0 ]]; do
    case "$1" in
      --target) target="${2:?--target needs a value}" && shift 2 ;;
      --target=*) target="${1#*=}" && shift ;;
      --outfile) outfile="${2:?--outfile needs a value}" && shift 2 ;;
      --outfile=*) outfile="${1#*=}" && shift ;;
      *) die "unknown argument of build: $1" ;;
    esac
  done
  ensure_dependencies
  step "compile $outfile for $target" compile "$target" "$outfile"
}

is_binary_fresh() {
  [[ -x "$BINARY" ]] || return 1
  [[ -z "$(find src config patches package.json bun.lock build.sh -newer "$BINARY" -print -quit)" ]]
}

ensure_binary() {
  ensure_dependencies
  is_binary_fresh || step "compile $BINARY" compile "$TARGET_DEFAULT" "$BINARY"
}

# ---- release ---------------------------------------------------------------------------------------------------------

# The moment that is written into packages: of the commit, so that the same source gives the same bytes.
source_epoch() {
  local epoch="${SOURCE_DATE_EPOCH:-}"
  [[ -n "$epoch" ]] || epoch="$(git log -1 --format=%ct 2>/dev/null || true)"
  [[ -n "$epoch" ]] || die "there is no commit to take the time from: set SOURCE_DATE_EPOCH (s)"
  printf '%s' "$epoch"
}

# starts <executable> <architecture>: it says its version; under emulation where the processor is another.
starts() {
  local executable="$1" architecture="$2" runner=()
  if [[ "$architecture" != "$(uname -m)" ]]; then
    if has "qemu-$architecture-static"; then
      runner=("qemu-$architecture-static")
    elif has "qemu-$architecture"; then
      runner=("qemu-$architecture")
    else
      say "NOT started: $executable (no qemu-$architecture here: Debian's qemu-user-static and libc6-arm64-cross)"
      return
    fi
    [[ -z "${QEMU_LD_PREFIX:-}" && -d "/usr/$architecture-linux-gnu" ]] && export QEMU_LD_PREFIX="/usr/$architecture-linux-gnu"
  fi
  # A variable of the machine that the program refuses must not decide this.
  local said
  said="$(env -u BUN_OPTIONS timeout 60 ${runner[@]+"${runner[@]}"} "$executable" version)" || die "$executable does not start"
  say "started ${runner[0]:-directly}: $executable: $said"
}

release_executables() {
  local out="$1" name
  for name in linux-x64-baseline linux-x64-modern linux-arm64; do
    step "compile $out/edge-ingester-$name" compile "bun-$name" "$out/edge-ingester-$name"
  done
  starts "$out/edge-ingester-linux-x64-baseline" x86_64
  if grep -qm1 avx2 /proc/cpuinfo; then
    starts "$out/edge-ingester-linux-x64-modern" x86_64
  else
    say "NOT started: $out/edge-ingester-linux-x64-modern (this processor has no AVX2)"
  fi
  starts "$out/edge-ingester-linux-arm64" aarch64
}

# release_packages <folder>: SOURCE_DATE_EPOCH is set.
release_packages() {
  local out="$1" version executable architecture
  version="$(package_version)"
  for executable in linux-x64-baseline:amd64 linux-arm64:arm64; do
    architecture="${executable#*:}"
    step "pack edge-ingester_${version}_$architecture.deb" packaging/build-deb.sh \
      "$out/edge-ingester-${executable%:*}" "$architecture" "$version" "$out" "$out/edge-ingester_${version}_$architecture.deb"
  done
}

release_papers() {
  local out="$1"
  bun scripts/write-release-papers.ts --out "$out" --version "$(package_version)" --commit "$(source_commit)" --epoch "$SOURCE_DATE_EPOCH"
  install -m 0644 packaging/edge-ingester.service packaging/prometheus/alerts.yml LICENSE "$out"
  install -m 0644 config/env.example "$out/edge-ingester.env.example"
  install -m 0644 packaging/grafana/edge-ingester.json "$out/grafana-dashboard.json"
}

make_release() {
  local out=dist/release
  has dpkg-deb || die "the Debian packages need dpkg-deb: install dpkg"
  ensure_dependencies
  SOURCE_DATE_EPOCH="$(source_epoch)"
  export SOURCE_DATE_EPOCH
  rm -rf "$out"
  mkdir -p "$out"
  release_executables "$out"
  step "write SBOM and licences" release_papers "$out"
  release_packages "$out"
  (cd "$out" && LC_ALL=C sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .)
  say "$out:"
  cat "$out/SHA256SUMS"
}

# Two clean copies at paths of different length: nothing of the place, the time or an earlier build may get in.
verify_release() {
  local scratch copy code=0
  scratch="$(mktemp -d)"
  for copy in a another-place; do
    git clone --quiet --no-hardlinks . "$scratch/$copy"
    step "release in $copy" quietly "$scratch/$copy/build.sh" release || { rm -rf "$scratch"; return 1; }
  done
  diff "$scratch/a/dist/release/SHA256SUMS" "$scratch/another-place/dist/release/SHA256SUMS" || code=$?
  if [[ $code -eq 0 ]]; then
    cat "$scratch/a/dist/release/SHA256SUMS"
    say "Two clean builds of $(git rev-parse --short=12 HEAD) are the same, byte for byte"
  fi
  rm -rf "$scratch"
  return "$code"
}

command_release() {
  case "${1:-}" in
    '') make_release ;;
    --verify) verify_release ;;
    *) die "unknown argument of release: $1" ;;
  esac
}

# ---- test ------------------------------------------------------------------------------------------------------------

has_java() {
  local version
  has java || return 1
  version="$(java -version 2>&1 | sed -nE '1s/.*version "([0-9]+).*/\1/p')"
  [[ -n "$version" && "$version" -ge "$JAVA_MIN" ]]
}

# Kafka and QuickFIX/J come through Maven and run on Java; quickfix-go comes through Go and is compiled by it.
missing_tools() {
  has kcat || echo kcat
  has openssl || echo openssl
  has_java || echo java
  has mvn || echo maven
  has go || echo go
  has python3 || echo python3
  python3 -m pip --version >/dev/null 2>&1 || echo python3-pip
  has ip || echo iproute2
  if ! has flock || ! has setpriv || ! has prlimit; then echo util-linux; fi
}

package_for() {
  case "$1" in
    java) apt-cache show openjdk-17-jre-headless >/dev/null 2>&1 && echo openjdk-17-jre-headless || echo default-jre-headless ;;
    go) echo golang-go ;;
    *) echo "$1" ;;
  esac
}

may_install() { [[ -f /etc/debian_version && "$(id -u)" -eq 0 ]] && has apt-get; }

install_tools() {
  local tool packages=()
  quietly apt-get update
  for tool in "$@"; do packages+=("$(package_for "$tool")"); done
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y --no-install-recommends "${packages[@]}"
}

ensure_test_tools() {
  local missing
  mapfile -t missing < <(missing_tools)
  if [[ ${#missing[@]} -gt 0 ]] && may_install; then
    step "install ${missing[*]}" install_tools "${missing[@]}"
    mapfile -t missing < <(missing_tools)
  fi
  if [[ ${#missing[@]} -gt 0 ]]; then
    die "the integration tests need what is not here: ${missing[*]} (java: $JAVA_MIN or newer). Install it, or run \`./build.sh test --without-integration\`"
  fi
}

has_browser() { [[ -n "${CHROMIUM_BIN:-}" ]] || has chromium || has chromium-browser || has google-chrome; }

# The dashboard's tests look at it in Chromium. Where there is none to be had they are skipped, on CI they fail.
ensure_browser() {
  has_browser && return
  if may_install; then step "install chromium" install_tools chromium fonts-liberation || true; fi
  has_browser || say "There is no Chromium here: the dashboard is not tested in a browser"
}

# Prints the line CI reads, `N passed, N failed`, from the report Bun wrote.
print_verdict() {
  local report="$1" code="$2" tests=0 failed=0 skipped=0 head
  head="$(grep -m1 '<testsuites ' "$report" 2>/dev/null || true)"
  if [[ -n "$head" ]]; then
    tests="$(sed -E 's/.* tests="([0-9]+)".*/\1/' <<<"$head")"
    failed="$(sed -E 's/.* failures="([0-9]+)".*/\1/' <<<"$head")"
    skipped="$(sed -E 's/.* skipped="([0-9]+)".*/\1/' <<<"$head")"
  fi
  local passed=$((tests - failed - skipped))
  # A crash, a file that does not load or an error between tests is no test, and yet a failure.
  if [[ "$code" -ne 0 && "$failed" -eq 0 ]]; then failed=1; fi
  if [[ "$skipped" -gt 0 ]]; then
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  else
    printf '%d passed, %d failed\n' "$passed" "$failed"
  fi
}

# Prints every failed test of Bun's JUnit report: where it stands, its name, and the beginning of what was wrong; the more
# failed, the less of each.
failures_of_report() {
  local count lines_max
  count="$(grep -c '<failure' "$1" || true)"
  lines_max=$((FAILURE_LINES_MAX / (count + 1) - 3))
  awk -v lines_max="$((lines_max < 3 ? 3 : lines_max))" '
    function attribute(name, text) {
      if (!match($0, " " name "=\"[^\"]*\"")) return ""
      text = substr($0, RSTART, RLENGTH)
      sub(/^[^"]*"/, "", text)
      sub(/"$/, "", text)
      return text
    }
    /<testcase / {
      place = attribute("file") ":" attribute("line")
      name = attribute("name")
      group = attribute("classname")
    }
    /<failure/ {
      while ($0 !~ /<\/failure>/ && $0 !~ /\/>[ \t]*$/ && (getline more) > 0) $0 = $0 "&#10;" more
      text = attribute("type") ": " attribute("message")
      if ($0 ~ /<\/failure>/) {
        text = $0
        sub(/^[^>]*>/, "", text)
        sub(/<\/failure>.*/, "", text)
      }
      print "(fail) " place " " (group == "" ? "" : group " > ") name
      count = split(text, line, "&#10;")
      while (count > 0 && line[count] ~ /^[ \t]*$/) count--
      for (i = 1; i <= count && i <= lines_max; i++) print "    " line[i]
      if (count > lines_max) print "    [" count - lines_max " more lines above]"
    }' "$1" | sed -E 's/&#9;/\t/g; s/&#27;|\x1b//g; s/\[[0-9;]*m//g; s/&lt;/</g; s/&gt;/>/g; s/&quot;/"/g; s/&#39;|&apos;/'"'"'/g; s/&amp;/\&/g'
}

# Prints what Bun said of files that did not load and of errors outside of tests: its report has none of it.
failures_of_log() {
  sed -E 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    /\.test\.tsx?:$/ { file = $0 }
    /^# Unhandled error/ { print "(fail) " file; isInside = 1; rules = 0; next }
    isInside && /^-----+$/ { if (++rules == 2) isInside = 0; next }
    isInside { print "    " $0 }'
}

# Prints what failed, or the end of the output when that says nothing: Bun itself has crashed, or was killed.
print_failures() {
  local report="$1" log="$2" found
  found="$(failures_of_report "$report"; failures_of_log "$log")"
  [[ -n "$found" ]] || found="$(printf 'no test is to blame; the output ended with:\n'; tail -n 60 "$log")"
  printf '\n== what failed\n'
  sed -n "1,${FAILURE_LINES_MAX}p" <<<"$found"
  [[ "$(wc -l <<<"$found")" -le $FAILURE_LINES_MAX ]] || printf '[more above]\n'
}

run_tests() {
  local folder code=0 tee_pid tries
  folder="$(mktemp -d)"
  : >"$folder/report"
  if [[ -t 2 ]]; then export FORCE_COLOR="${FORCE_COLOR:-1}"; fi
  exec 9> >(exec tee "$folder/log" >&2)
  tee_pid=$!
  bun test --timeout="$TEST_TIMEOUT_MS" --reporter=junit --reporter-outfile="$folder/report" "$@" 2>&9 9>&- || code=$?
  exec 9>&-
  # The copy ends with the last process that has the stream; one that outlived its test must not hold up the verdict.
  for ((tries = 0; tries < 50; tries++)); do
    kill -0 "$tee_pid" 2>/dev/null || break
    sleep 0.1
  done
  # Whatever goes wrong with it, the verdict is still said.
  if [[ "$code" -ne 0 ]]; then print_failures "$folder/report" "$folder/log" || true; fi
  print_verdict "$folder/report" "$code"
  rm -rf "$folder"
  return "$code"
}

command_test() {
  local with_integration=yes arguments=()
  while [[ $# -gt 0 ]]; do
    if [[ "$1" == --without-integration ]]; then with_integration=no; else arguments+=("$1"); fi
    shift
  done
  if [[ "$with_integration" == yes ]]; then
    ensure_test_tools
    ensure_browser
  fi
  ensure_binary
  if [[ "$with_integration" == no ]]; then
    say "The integration tests (test/integration: real Kafka, kcat, peers of other makers) are NOT run: --without-integration"
    arguments+=(--path-ignore-patterns='test/integration/**')
  else
    step "have the FIX peers ready" bun test/harness/fix-peers-install.ts
    step "have the consumers ready" bun test/harness/consumers-install.ts
    step "have the gRPC peer ready" bun test/harness/grpc-peer-install.ts
    step "have the scripted Kafka ready" bun test/harness/kafka-kfake-install.ts
    # KAFKA_BROKERS_TEST names a broker that runs: then none is started here.
    [[ -n "${KAFKA_BROKERS_TEST:-}" ]] || step "have Kafka ready" bun test/harness/kafka-install.ts
  fi
  run_tests ${arguments[@]+"${arguments[@]}"}
}

# ---- check -----------------------------------------------------------------------------------------------------------

shell_syntax() {
  local script scripts=(build.sh .ci/run packaging/build-deb.sh packaging/debian/{postinst,prerm,postrm})
  for script in "${scripts[@]}"; do bash -n "$script" || return; done
  if has shellcheck; then shellcheck "${scripts[@]}" || return; fi
}

# Every step runs, so that one look shows all there is to mend.
command_check() {
  local failed=()
  ensure_dependencies
  step "format and lint" bun x --no-install biome check --error-on-warnings || failed+=("format and lint")
  step "types" bun x --no-install tsc -p . || failed+=("types")
  step "types of the dashboard's page" bun x --no-install tsc -p src/telemetry/dashboard/page || failed+=("types of the page")
  step "dead code" bun x --no-install knip --no-progress || failed+=("dead code")
  step "house rules" bun test test/house || failed+=("house rules")
  step "shell syntax" shell_syntax || failed+=("shell syntax")
  [[ ${#failed[@]} -eq 0 ]] || die "check failed: $(printf '%s; ' "${failed[@]}")"
}

# ---- the rest --------------------------------------------------------------------------------------------------------

command_binary() {
  ensure_binary
  exec "./$BINARY" "$@"
}

command_bench() {
  ensure_test_tools
  ensure_binary
  step "have Kafka ready" bun test/harness/kafka-install.ts
  exec bun test/bench/run.ts "$@"
}

command_faults() {
  ensure_test_tools
  ensure_binary
  step "have the FIX peers ready" bun test/harness/fix-peers-install.ts
  step "have Kafka ready" bun test/harness/kafka-install.ts
  exec bun test/faults/run.ts "$@"
}

main() {
  local command="${1:-help}"
  [[ $# -eq 0 ]] || shift
  case "$command" in
    build) command_build "$@" ;;
    demo | run) command_binary "$command" "$@" ;;
    test) command_test "$@" ;;
    check) command_check "$@" ;;
    release) command_release "$@" ;;
    bench) command_bench "$@" ;;
    faults) command_faults "$@" ;;
    help | -h | --help) usage ;;
    *)
      usage >&2
      die "unknown command: $command"
      ;;
  esac
}

main "$@"
