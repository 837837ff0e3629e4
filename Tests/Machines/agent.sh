#!/bin/sh
# A turn for the test of several machines: it notes which messages it was given and that it ended, in the town's folder of
# its machine. A message that says GATE holds it until there is a file `open` or one for its key.
prompt=$(cat)
keys=$(printf '%s\n' "$prompt" | grep -oE 'KEY:[a-z0-9-]+' | sort -u | cut -c5-)
for key in $keys; do echo "$key" >>"$TINYTOWN_TOWN/begun"; done
case $prompt in
*GATE*) for key in $keys; do
    until [ -e "$TINYTOWN_TOWN/open" ] || [ -e "$TINYTOWN_TOWN/open-$key" ]; do sleep 0.05; done
done ;;
esac
for task in $(printf '%s\n' "$prompt" | sed -n 's/.*`tt task complete \([0-9a-f-]*\) .*/\1/p' | sort -u); do
    tt task complete "$task" --result "done on $(uname -n)" >>"$TINYTOWN_TOWN/said" 2>&1
done
for key in $keys; do echo "$key" >>"$TINYTOWN_TOWN/ended"; done
echo "done" $keys
