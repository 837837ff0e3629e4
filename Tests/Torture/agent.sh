#!/usr/bin/env bash
# An agent for the torture: it notes what it was given, completes its tasks, hands some work over, and is unpleasant now
# and then. Two of one agent at the same time are a violation. Needs TORTURE, the driver's folder.
prompt=$(cat)
exec 9>"$TORTURE/alive-$TINYTOWN_AGENT_NAME"
flock -n 9 || echo "two of $TINYTOWN_AGENT_NAME run at once" >>"$TORTURE/violations"
# What is started below must not hold the lock: it may outlive this process for a moment.
tt() { command tt "$@" 9>&-; }

[ $((RANDOM % 12)) = 0 ] && trap '' TERM
[ $((RANDOM % 10)) = 0 ] && setsid sleep 300 9>&- >/dev/null 2>&1 &
keys=$(grep -oE 'KEY:[a-z0-9-]+' <<<"$prompt" | sort -u | cut -c5-)
for task in $(grep -oE '`tt task complete [0-9a-f-]{36}' <<<"$prompt" | cut -d' ' -f4); do
    tt task complete "$task" --result "done" >/dev/null 2>&1
done
for key in $keys; do
    # Every fifth message is handed on once; its key makes a repeated handover the same message.
    case $key in m-*[05]) tt send "a$((RANDOM % AGENTS))" "handed over KEY:h-$key" --key "h-$key" >/dev/null 2>&1 || exit 7 ;; esac
done
sleep "0.0$((RANDOM % 9))" 9>&-
[ $((RANDOM % 15)) = 0 ] && { echo "it broke" >&2; exit 3; }
for key in $keys; do echo "$key" >>"$TORTURE/seen"; done
echo "handled $keys"
