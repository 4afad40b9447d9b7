# libpq's own test of its pipeline mode, with the messages that it sends and gets (without times) where these are the same each time.
. ./scenario.sh
traced() {
  rm -f trace
  timeout 60 ./libpq_pipeline -r 700 ${2:+-t trace} "$1" ""
  local code=$?
  [ -e trace ] && cat trace
  return $code
}
for name in disallowed_in_pipeline multi_pipelines nosync pipeline_abort pipeline_idle prepared simple_pipeline singlerow transaction; do
  scenario "$name" traced $name trace
done
# These send while they get, so that what they tell on the way depends on the time.
ended() {
  traced "$1" 2>/dev/null | tail -n 1
  return "${PIPESTATUS[0]}"
}
for name in pipelined_insert uniqviol; do
  scenario "$name" ended $name
done
