# scenario NAME COMMAND...: runs it and prints what it wrote as one line of JSON.
scenario() {
  local name=$1 output
  shift
  output=$("$@" 2>&1)
  output="$output (ended with $?)"
  SCENARIO=$name OUTPUT=${output//$PGPORT/PORT} node -e 'console.log(JSON.stringify({ scenario: process.env.SCENARIO, result: process.env.OUTPUT }))'
}
