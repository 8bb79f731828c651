#!/bin/sh
# Makes what the profiles `scale` and `monitoring` of docker-compose.yml read from deploy/compose/secrets. What is there already stays.
set -eu
cd "$(dirname "$0")"
# The folder is closed to others; the files are readable, since each image has a user of its own who must read them.
mkdir -p secrets
chmod 700 secrets
cd secrets

keep() { # name, text
  [ -s "$1" ] || printf '%s\n' "$2" >"$1"
  chmod 444 "$1"
}
none() { # name
  [ -e "$1" ] || : >"$1"
  chmod 444 "$1"
}
ask() { # name, question
  [ -s "$1" ] && return
  printf '%s: ' "$2" >&2
  IFS= read -r answer
  [ -n "$answer" ] || { echo "Nothing was said; $1 is not made." >&2; exit 1; }
  keep "$1" "$answer"
}

keep data-key "$(openssl rand -base64 32)"
# Nothing until DATA_KEY is changed.
none data-key-previous
keep hash-key "$(openssl rand -base64 32)"
keep admin-token "$(openssl rand -base64 32)"
keep metrics-token "$(openssl rand -base64 32)"
keep grafana-password "$(openssl rand -base64 18)"
keep postgres-password "$(openssl rand -hex 24)"
keep database-url "postgres://gateway:$(cat postgres-password)@postgres:5432/gateway"
[ -s redis-conf ] && [ -s redis-url ] || {
  password=$(openssl rand -hex 24)
  rm -f redis-conf redis-url
  keep redis-conf "requirepass $password"
  keep redis-url "redis://:$password@redis:6379"
}
ask provider-id "Id of the provider account"
ask provider-username "Its user"
ask provider-password "Its password"
echo "deploy/compose/secrets is complete. Keep a copy of data-key and hash-key elsewhere: without them no backup can be read." >&2
