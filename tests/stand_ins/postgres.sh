#!/bin/sh
# The first start makes the database, while only its socket answers.
set -eu
PATH=$PATH:$(echo /usr/lib/postgresql/*/bin)
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    : "${POSTGRES_PASSWORD:?superuser password is not specified}"
    (umask 077 && printf %s "$POSTGRES_PASSWORD" >/tmp/password)
    initdb --username="$POSTGRES_USER" --pwfile=/tmp/password --encoding=UTF8 \
        --auth-local=trust --auth-host=trust
    rm /tmp/password
    echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
    pg_ctl --wait --options="-c listen_addresses=''" start
    createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
    pg_ctl --wait --mode=fast stop
fi
exec postgres -c listen_addresses='*'
