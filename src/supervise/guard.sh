# Starts the command in "$@" and ends it when the supervisor goes, however that dies.
# fd 0: the leash, held open by the supervisor and never written to; its end means "stop".
# fd 3: where the command's process id is written, once. $1: tenths of a second from TERM to KILL.
stop_tenths=$1
shift
exec 4<&0

# Where the system can, the command also ends when this guard is killed.
if setpriv --pdeathsig TERM true 2>/dev/null; then
  set -- setpriv --pdeathsig TERM "$@"
fi

"$@" </dev/null 3>&- 4<&- &
child=$!

# A process of its own, so that killing the guard alone leaves the leash watched.
(
  trap '' TERM INT HUP
  exec 3>&-
  while read -r _ <&4; do :; done
  kill -TERM "$child"
  while [ "$stop_tenths" -gt 0 ] && kill -0 "$child"; do
    sleep 0.1
    stop_tenths=$((stop_tenths - 1))
  done
  kill -KILL "$child"
) >/dev/null 2>&1 &
watcher=$!

# A handler, not '': an ignored signal would stay ignored in what the shell starts.
trap : TERM INT HUP
echo "$child" >&3
exec 3>&- 4<&-

while :; do
  wait "$child"
  status=$?
  kill -0 "$child" 2>/dev/null || break
done
kill -KILL "$watcher" 2>/dev/null
exit "$status"
