#!/bin/sh
# What no Python package carries. Installs what is missing when it may (root on Debian), else says what to install.
#   run   what OpenCV's wheel links to, and venv
#   test  a browser for the tests of the pages, and FFmpeg's own tools to check our files with
set -eu

missing=""
need() { # need PACKAGE TEST…
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}
library() { ldconfig -p | grep -q "$1"; }

case "${1:-}" in
run)
    need python3-venv "${PYTHON:-python3}" -c 'import ensurepip'
    need libgl1 library libGL.so.1
    need libglib2.0-0 library libglib-2.0.so.0
    need libxcb1 library libxcb.so.1
    ;;
test)
    need chromium command -v chromium
    need ffmpeg command -v ffprobe
    need npm command -v npm
    ;;
*)
    echo "usage: $0 run|test" >&2
    exit 2
    ;;
esac

[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "camsvc: installing Debian packages:$missing"
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of words is meant
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
elif [ "$1" = test ]; then
    echo "camsvc: tests that need them will be skipped; for all tests: sudo apt-get install -y$missing" >&2
else
    echo "camsvc: please install first: sudo apt-get install -y$missing" >&2
    exit 1
fi
