#!/bin/sh
# usage: dev/venv.sh PYTHON DIRECTORY - makes a virtual environment, or says what is missing.
set -eu
python=$1
directory=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "seismo needs Python 3.11 or newer; choose one: make PYTHON=python3.12" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
    # Debian ships venv in a package of its own.
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        apt-get install -qq -y python3-venv || { apt-get update -qq && apt-get install -qq -y python3-venv; }
    else
        echo "$python cannot make virtual environments: apt-get install python3-venv (as root)" >&2
        exit 1
    fi
fi
"$python" -m venv "$directory"
