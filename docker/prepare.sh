#!/bin/sh
# What docker/compose.yaml needs beside images, made once; what is there already stays as it is.
#
#   sh docker/prepare.sh [FOLDER]     FOLDER holds data sets (mnist.npz, pen_digits.jsonl.gz, ...) to copy into docker/data
#
# Without a folder MNIST alone is fetched. The other sets make retraining better and may be missing: see docs/architecture.md.
set -eu
cd "$(dirname "$0")"
umask 077

random() { od -An -N36 -tx1 /dev/urandom | tr -d ' \n'; }
# Only root and you enter the folder; in a container, whose user is another, each file must be readable
keep() { [ -s "secrets/$1" ] || { printf '%s' "$2" >"secrets/$1" && chmod 444 "secrets/$1"; }; }

mkdir -p secrets tls data
chmod 755 data
keep secret_key "$(random)"
keep metrics_token "$(random)"
keep postgres_password "$(random)"
password=$(cat secrets/postgres_password)
keep database_url "postgresql://digitre:$password@postgres:5432/digitre"
keep database_url_pooled "postgresql://digitre:$password@pgbouncer:6432/digitre"
keep pgbouncer_users "\"digitre\" \"$password\""

if [ ! -s .env ]; then
    cp example.env .env
    echo "docker/.env: put your host name in it"
fi

if [ ! -s tls/fullchain.pem ]; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 90 -subj /CN=localhost \
        -keyout tls/privkey.pem -out tls/fullchain.pem 2>/dev/null
    echo "docker/tls: a certificate that no browser trusts, to try it with; put your own in its place"
fi
chmod 755 tls
chmod 444 tls/*.pem

if [ $# -gt 0 ]; then
    cp "$1"/*.npz "$1"/*.jsonl.gz data/
elif [ ! -s data/mnist.npz ]; then
    curl -fsSL --proto '=https' --max-filesize 20000000 -o data/mnist.npz.part \
        https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz && mv data/mnist.npz.part data/mnist.npz ||
        echo "MNIST could not be fetched: put mnist.npz into docker/data, or the worker replays 5,000 digits that it carries"
fi
chmod 444 data/* 2>/dev/null || true
