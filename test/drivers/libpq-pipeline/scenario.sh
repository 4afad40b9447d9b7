# scenario NAME COMMAND...: runs it, which must succeed, and prints what it wrote as one line of JSON.
scenario() {
  local name=$1 output code
  shift
  output=$("$@" 2>&1)
  code=$?
  SCENARIO=$name CODE=$code OUTPUT=$output node -e '
    const { SCENARIO: scenario, CODE: code, OUTPUT: output } = process.env;
    console.log(JSON.stringify({ scenario, result: code === "0" ? output : { failure: { code, output } } }));'
}
