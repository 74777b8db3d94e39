#!/bin/sh
# Finds or installs what parts of the suite need beside Python packages: Chromium, Node, LibreOffice, a PostgreSQL server.
# What cannot be had is said loudly; the suite then skips those parts and says so as well.
set -u
python=.venv/bin/python
role=tiwizi_test

# Whether PostgreSQL answers is asked with the suite's own packages; without them it would seem to have none.
[ -x $python ] && $python -c 'import pytest' 2>/dev/null ||
    { echo "First the suite's packages: make .venv/test.stamp" >&2 && exit 1; }

install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "Installing $* (needed by tests)…"
    { apt-get install -y -qq "$@" || { apt-get update -qq && apt-get install -y -qq "$@"; }; } >/dev/null 2>&1
}

command -v chromium >/dev/null || install chromium ||
    echo "WARNING: no Chromium: the browser tests are skipped. To have it: apt-get install chromium" >&2

{ command -v node && command -v npm; } >/dev/null || install nodejs npm ||
    echo "WARNING: no Node: SMPP is not tried against npm's server. To have it: apt-get install nodejs npm" >&2

# Over a minute to install, for one test.
command -v soffice >/dev/null ||
    echo "WARNING: no LibreOffice: the yearly report is not opened in it. To have it: apt-get install libreoffice-calc-nogui" >&2

postgres_answers() {
    $python -c 'import sys; from tests.conftest import BACKENDS; sys.exit("postgresql" not in BACKENDS)'
}

start_postgres() {
    install postgresql || command -v pg_lsclusters >/dev/null || return 1
    [ "$(id -u)" = 0 ] || return 1
    pg_lsclusters -h | while read -r version name _port status _; do
        [ "$status" = online ] || pg_ctlcluster --skip-systemctl-redirect "$version" "$name" start
    done
    # A role that may only create databases; the suite makes one for itself and drops it.
    su postgres -s /bin/sh -c "psql -qc \"CREATE ROLE $role LOGIN CREATEDB PASSWORD '$role'\"" 2>/dev/null
    postgres_answers
}

postgres_answers || start_postgres ||
    echo "WARNING: no PostgreSQL: the suite runs on SQLite only. To have it: apt-get install postgresql," \
        "and set TIWIZI_TEST_POSTGRES_URL to a role that may create databases." >&2
exit 0
