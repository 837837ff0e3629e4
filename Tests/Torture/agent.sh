#!/usr/bin/env bash
# An agent for the torture: it notes what it was given, completes its tasks, hands some work over, and is unpleasant now
# and then. Two of one agent at the same time are a violation. Needs TORTURE, the driver's folder.
#
# The driver kills any process of a turn, so also the small programs below: each one that died is a turn that failed,
# and not a turn without work, nor a lock that somebody else holds.
prompt=$(cat) || exit 9
[ -n "$prompt" ] || exit 9
exec 9>>"$TORTURE/alive-$TINYTOWN_AGENT_NAME"
flock -n 9
case $? in
    0) ;;
    1)  # Who holds it, by the turn that it belongs to.
        for holder in /proc/[0-9]*; do
            [ "$holder" = "/proc/$$" ] || [ "$(readlink "$holder/fd/9")" != "$TORTURE/alive-$TINYTOWN_AGENT_NAME" ] ||
                who="$who ${holder#/proc/} $(tr '\0' '\n' <"$holder/environ" | grep TINYTOWN_TURN) $(tr '\0' ' ' <"$holder/cmdline")"
        done 2>/dev/null
        echo "$(date +%s.%N) two of $TINYTOWN_AGENT_NAME run at once: $$ $TINYTOWN_TURN, and$who" >>"$TORTURE/violations" ;;
    *) exit 9 ;;
esac
# What is started below must not hold the lock: it may outlive this process for a moment.
tt() { command tt "$@" 9>&-; }

[ $((RANDOM % 12)) = 0 ] && trap '' TERM
[ $((RANDOM % 10)) = 0 ] && setsid sleep 300 9>&- >/dev/null 2>&1 &
words=$(grep -oE 'KEY:[a-z0-9-]+' <<<"$prompt" 9>&-; [ $? -le 1 ]) || exit 9
keys=$(sort -u <<<"${words//KEY:/}" 9>&-) || exit 9
tasks=$(grep -oE 'tt task complete [0-9a-f-]{36}' <<<"$prompt" 9>&-; [ $? -le 1 ]) || exit 9
for task in ${tasks//tt task complete /}; do
    tt task complete "$task" --result "done" >/dev/null 2>&1
done
for key in $keys; do
    # Every fifth message is handed on once; its key makes a repeated handover the same message.
    case $key in m-*[05]) tt send "a$((RANDOM % AGENTS))" "handed over KEY:h-$key" --key "h-$key" >/dev/null 2>&1 || exit 7 ;; esac
done
sleep "0.0$((RANDOM % 9))" 9>&-
[ $((RANDOM % 15)) = 0 ] && { echo "it broke" >&2; exit 3; }
for key in $keys; do echo "$key" >>"$TORTURE/seen" || exit 9; done
echo "handled" $keys
