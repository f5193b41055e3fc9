#!/usr/bin/env bash
# Every check of this repository, on a machine that has nothing but Python 3.10 or newer.
#
#   bash scripts/test.sh                       everything
#   bash scripts/test.sh unit lint             some parts: lint types boundaries, and the folders of tests/
#   bash scripts/test.sh tests/unit -k spec    anything else goes to pytest
#
# The environment and the images of machines are kept in ${TLJH_TEST_CACHE:-~/.cache/tljh-wizard-tests}.
# Machine tests need root, Debian and its mirror; elsewhere they are skipped, but with CI=true they fail.
set -u
cd "$(dirname "$0")/.." || exit 1
export PATH="$PATH:/usr/sbin:/sbin"

CHECKS="lint types boundaries"
SUITES=$(for folder in tests/*/; do name=$(basename "$folder"); [ "$name" = data ] || echo "$name"; done |
    grep -v -e __pycache__ -e '^machine$' | tr '\n' ' ')

# Programs that the machine tests use, and the Debian packages that have them.
PROGRAMS="debootstrap:debootstrap systemd-nspawn:systemd-container bwrap:bubblewrap patchelf:patchelf tmux:tmux
    ssh:openssh-client ssh-keygen:openssh-client git:git ip:iproute2 nft:nftables zstd:zstd"

find_python() {
    local name
    for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do
        "$name" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo "$name" && return
    done
    return 1
}

install_debian_packages() {
    local pair missing=""
    for pair in $PROGRAMS; do
        command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
    done
    "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Not here:$missing (some tests will be skipped)"
        return 0
    fi
    echo "Installing$missing"
    local apt="apt-get -qq --yes -o=DPkg::Lock::Timeout=600"
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a
    # shellcheck disable=SC2086
    { $apt update && $apt install --no-install-recommends $missing; } </dev/null >"$work/apt" 2>&1 ||
        { tail -n 20 "$work/apt"; echo "They could not be installed; some tests will be skipped or fail."; }
}

# part NAME COMMAND...: runs it, keeps its output, status and duration below $work.
part() {
    local name=$1 began=$SECONDS
    shift
    "$@" </dev/null >"$work/$name.out" 2>&1
    echo $? >"$work/$name.status"
    echo $((SECONDS - began)) >"$work/$name.seconds"
}

closing_line() { grep -E '^=+ .* in [0-9.]+s.* =+$' "$work/$1.out" | tail -n 1; }

# A part has ended: one line if it is well, all of its output if not.
tell() {
    local name=$1 verdict=ok
    case $(cat "$work/$name.status") in 0) ;; *) verdict=FAILED ;; esac
    [ $verdict = ok ] || { echo "----- $name"; cat "$work/$name.out"; echo "-----"; }
    printf '%-12s %-7s %4s s  %s\n' "$name" $verdict "$(cat "$work/$name.seconds")" \
        "$(closing_line "$name" | tr -d '=')" | tee -a "$work/summary"
    [ $verdict = ok ] || failed="$failed $name"
    ended="$ended $name"
}

lint() { ruff check . && ruff format --check .; }
types() { mypy && mypy --strict bootstrap.py; }
boundaries() { lint-imports; }
suite() { python -m pytest --color=no "$@"; }

# The sum of the closing lines, in pytest's own form.
total() {
    local name
    for name in $ended; do closing_line "$name"; done | "$python" -c '
import re, sys
counts, seconds = {}, 0.0
for line in sys.stdin:
    for number, word in re.findall(r"(\d+) ([a-z]+)", line.partition(" in ")[0]):
        counts[word] = counts.get(word, 0) + int(number)
    seconds += float(re.search(r" in ([0-9.]+)s", line).group(1))
if counts:
    print("=====", ", ".join(f"{counts[word]} {word}" for word in counts), f"in {seconds:.2f}s", "=====")
'
}

finish() {
    echo
    echo "Summary"
    cat "$work/summary"
    if [ -f "$work/machine.out" ]; then
        grep '^SKIPPED' "$work/machine.out" | sed -E 's/^SKIPPED \[[0-9]+\] [^ ]+ /Machine tests skipped: /' | sort -u
    fi
    total
    [ -z "$failed" ] || { echo "Failed:$failed"; exit 1; }
    echo "All well."
}

python=$(find_python) || { echo "Python 3.10 or newer is needed."; exit 1; }
work=$(mktemp -d) || exit 1
machine_job=""
trap '[ -z "$machine_job" ] || pkill -TERM -P "$machine_job"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
failed="" ended=""

wanted="" only_pytest=""
words=()
for word in "$@"; do
    case " $CHECKS $SUITES machine " in
    *" $word "*)
        wanted="$wanted $word"
        words+=("tests/$word")
        ;;
    *)
        only_pytest=yes
        words+=("$word")
        ;;
    esac
done
[ $# -gt 0 ] || wanted="$CHECKS $SUITES machine"
case " $wanted " in *" machine "*) install_debian_packages ;; esac
environment=$("$python" scripts/environment.py </dev/null) || exit 1
export PATH="$environment/bin:$PATH"
if [ -n "$only_pytest" ]; then
    python -m pytest "${words[@]}"
    exit
fi

# Machines mostly wait: they run beside everything else.
case " $wanted " in *" machine "*)
    part machine suite -n 2 --dist worksteal tests/machine &
    machine_job=$!
    ;;
esac
folders=""
for name in $wanted; do
    case " $CHECKS " in
    *" $name "*)
        part "$name" "$name"
        tell "$name"
        ;;
    *) [ "$name" = machine ] || folders="$folders tests/$name" ;;
    esac
done
if [ -n "$folders" ]; then
    # shellcheck disable=SC2086
    part tests suite -n 2 --dist loadfile $folders
    tell tests
fi
if [ -n "$machine_job" ]; then
    wait "$machine_job"
    machine_job=""
    tell machine
fi
finish
