#!/bin/sh
# Makes the secrets of docker-compose.yml once, in a folder that git ignores and only its owner may enter.
# Files that stand are kept: removing one and starting again renews it.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-.o2c/compose}
umask 077
mkdir -p "$folder/keys"
chmod 700 "$folder" "$folder/keys"

random() { head -c 32 /dev/urandom | od -An -vtx1 | tr -d ' \n'; }

if [ ! -e "$folder/postgres_password" ]; then
  random > "$folder/postgres_password"
  rm -f "$folder/pgpass"  # it holds the same password
fi

if [ ! -e "$folder/pgpass" ]; then
  {
    echo "*:*:*:postgres:$(cat "$folder/postgres_password")"
    for service in intake provisioning testing acceptance billing notifications; do
      for kind in app relay ops; do echo "*:*:*:${service}_${kind}:$(random)"; done
    done
  } > "$folder/pgpass"
fi

if [ ! -e "$folder/keys/token.json" ]; then
  key=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
  printf '{"keys": [{"kty": "oct", "kid": "local", "alg": "HS256", "use": "sig", "k": "%s"}]}' "$key" > "$folder/keys/token.json"
fi

# What cannot be read from Salesforce is kept encrypted with this: a Fernet key a line, the first seals.
if [ ! -e "$folder/keys/letters.key" ]; then
  head -c 32 /dev/urandom | base64 | tr '+/' '-_' > "$folder/keys/letters.key"
fi

# Other users of the containers read these through their mounts; on this machine the folder keeps everybody out.
chmod 444 "$folder/postgres_password" "$folder/keys/token.json" "$folder/keys/letters.key"

# The client of Postgres takes a password file only from its owner alone, so the services run as that owner.
user=$(id -u) group=$(id -g)
if [ "$user" = 0 ]; then
  user=10001 group=10001
  chown "$user:$group" "$folder/pgpass"
fi
chmod 600 "$folder/pgpass"
case $folder in /*) ;; *) folder=./$folder ;; esac
printf 'RUN_AS_UID=%s\nRUN_AS_GID=%s\nSECRETS_DIR=%s\n' "$user" "$group" "$folder" > "$folder/env"
echo "docker compose --env-file $folder/env up --build"
