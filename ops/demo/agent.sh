#!/bin/sh
# The smallest honest agent: reads the objective, looks at the failing test, edits the code, looks again.
# Whatever it prints becomes the run's live output; what it changes in its directory becomes the patch.
set -eu
echo "objective: $OA_OBJECTIVE"
echo "turn $OA_TURN: which test fails?"
node --test 2>&1 | grep -E '^(not ok|ok|✖|✔)' || true
echo "quantities are ignored in src/basket.js; counting each line as often as it says"
sed 's/cents + item.cents, 0/cents + item.cents * item.quantity, 0/' src/basket.js > src/basket.js.new
mv src/basket.js.new src/basket.js
node --test 2>&1 | grep -E '^(not ok|ok|✖|✔)' || true
echo "done"
