#!/bin/sh
# Runs Hotplate from its folder: sets up what is missing, then becomes the program, so that
# signals reach it.
#
#   run.sh test [vitest's arguments]   run.sh bench [name and options]   run.sh lint   run.sh format
#   run.sh setup                       run.sh hotplate [arguments], or any command of hotplate's own
#
# Needs Node 20 or newer and npm; scripts/setup.sh brings the rest. POSIX sh, for Linux and macOS.
set -eu

root=$(CDPATH='' cd -P -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

what=${1:-hotplate}
[ $# -eq 0 ] || shift

case $what in
  test) set_up browser clang ;;
  *) set_up ;;
esac

# One that was killed during a long set-up is not to come back from the dead as a service.
if [ "$worked" = yes ] && ! alive "$PPID"; then
  exit 1
fi

PATH=${node%/*}:$PATH:/usr/local/sbin:/usr/sbin:$tools
NODE_OPTIONS="${NODE_OPTIONS:+$NODE_OPTIONS }--disable-warning=ExperimentalWarning"
export PATH NODE_OPTIONS

# Vitest takes some services' environments for a terminal.
if [ "$what" = test ] && [ ! -t 1 ]; then export NO_COLOR=1; fi

case $what in
  setup) exit 0 ;;
  test) cd "$root" && exec "$node" node_modules/vitest/vitest.mjs run "$@" ;;
  bench) exec "$node" "$root/bench/run.ts" "$@" ;;
  lint) cd "$root" && exec "$node" node_modules/vitest/vitest.mjs run test/style.test.ts \
    test/tidy.test.ts ;;
  format) cd "$root" && exec "$node" node_modules/@biomejs/biome/bin/biome check --write . ;;
  hotplate) exec "$node" "$root/src/main.ts" "$@" ;;
  *) exec "$node" "$root/src/main.ts" "$what" "$@" ;;
esac
