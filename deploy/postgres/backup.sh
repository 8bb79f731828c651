#!/usr/bin/env bash
# Dumps the gateway's Postgres database while the gateway runs, and proves that the dump can be restored.
#
#   DATABASE_URL=postgres://… SCRATCH_DATABASE_URL=postgres://… backup.sh FILE
#
# FILE is written by pg_dump in its custom format, readable by its owner only. The dump is restored into the scratch database, which has to be
# empty, and the rows of every table are compared with those of the same moment in the running database. FILE gets its name only then.
# pg_dump, pg_restore and psql have to be of the server's major version or a later one.
set -euo pipefail

fail() {
  echo "backup: $*" >&2
  exit 1
}

[ $# -eq 1 ] || fail "usage: DATABASE_URL=… SCRATCH_DATABASE_URL=… $0 FILE"
file=$1
: "${DATABASE_URL:?names the database of the gateway}"
: "${SCRATCH_DATABASE_URL:?names an empty database that the dump is restored into}"
[ ! -e "$file" ] || fail "$file exists already; name a new file"
for program in psql pg_dump pg_restore; do
  command -v "$program" >/dev/null || fail "$program is missing: install the client programs of Postgres"
done

# Addresses hold passwords, so programs get them from files and not as arguments, which every user of the machine can read.
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"; rm -f "$file.partial"' EXIT
service() { node -e '
  const { hostname, port, pathname, username, password, searchParams } = new URL(process.env[process.argv[1]]);
  const values = { host: hostname.replace(/^\[|\]$/g, ""), port: port || 5432, dbname: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username), password: decodeURIComponent(password) };
  for (const name of ["sslmode", "sslrootcert"]) if (searchParams.has(name)) values[name] = searchParams.get(name);
  console.log(`[${process.argv[2]}]\n${Object.entries(values).map(([name, value]) => `${name}=${value}`).join("\n")}`);
' "$1" "$2"; }
{ service DATABASE_URL gateway; service SCRATCH_DATABASE_URL scratch; } >"$work/services"
export PGSERVICEFILE=$work/services PGCONNECT_TIMEOUT=10
run() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "service=$1" --command "$2"; }

server=$(run gateway 'SHOW server_version_num') || fail "the database of the gateway cannot be read"
client=$(pg_dump --version | grep -oE '[0-9]+' | head -n 1)
[ "$client" -ge "${server%????}" ] || fail "pg_dump $client cannot dump a server of version ${server%????}: install its client programs"
[ "$(run gateway "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = 'conversations'")" = 1 ] ||
  fail "DATABASE_URL names no database of the gateway"
[ "$(run scratch "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace")" = 0 ] ||
  fail "the scratch database is not empty"

# The dump and the counts are of one moment, however many leads arrive meanwhile.
count="SELECT relname || ' ' || (xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I', relname), false, true, '')))[1]
  FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace ORDER BY relname"
coproc SNAPSHOT { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 service=gateway; }
echo 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_export_snapshot();' >&"${SNAPSHOT[1]}"
read -r snapshot <&"${SNAPSHOT[0]}" || fail "no snapshot was exported"
pg_dump --format=custom --no-owner --no-privileges --snapshot="$snapshot" --file="$file.partial" service=gateway
printf '%s;\n\\echo end\n' "$count" >&"${SNAPSHOT[1]}"
while read -r line <&"${SNAPSHOT[0]}" && [ "$line" != end ]; do echo "$line"; done >"$work/rows"
echo 'COMMIT; \q' >&"${SNAPSHOT[1]}"

pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname=service=scratch "$file.partial"
run scratch "$count" >"$work/restored"
cmp -s "$work/rows" "$work/restored" || {
  diff "$work/rows" "$work/restored" >&2 || true
  fail "the restored rows differ from the dumped ones"
}
mv "$file.partial" "$file"
leads=$(sed -n 's/^conversations //p' "$work/rows")
echo "$file is restored in the scratch database: $leads leads, $(wc -l <"$work/rows") tables with equal numbers of rows."
