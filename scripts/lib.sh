# Shared by the scripts beside it: finds Swift, installs the C libraries, builds. Sourced, never run.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

# Runs a command as root: as it is for root, through sudo otherwise.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else
        die "these packages are missing and installing them needs root: run as root, or install sudo: $*"
    fi
}

# Installs Debian or Ubuntu packages that are missing; does nothing, and asks nobody, where all are there.
need_packages() {
    local missing=() package
    command -v dpkg-query >/dev/null || { need_by_hand "$@"; return; }
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return
    say "installing: ${missing[*]}"
    as_root apt-get update -qq >&2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

need_by_hand() {
    case "$(uname -s)" in
        Darwin) command -v brew >/dev/null || die "install Homebrew, then: brew install sqlite hiredis openssl@3 tomlplusplus libsodium"
            brew list sqlite hiredis openssl@3 tomlplusplus libsodium >/dev/null 2>&1 || brew install sqlite hiredis openssl@3 tomlplusplus libsodium ;;
        *) say "note: this is neither Debian nor Ubuntu; make sure that these are installed: $*" ;;
    esac
}

need_swift() {
    command -v swift >/dev/null || die "Swift 6.3 is not on the PATH. Get it from https://www.swift.org/install/linux/ \
(for example with 'swiftly install 6.3'), then run this again."
    local version
    version=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+)\.([0-9]+).*/\1 \2/p' | head -n 1)
    set -- $version
    if [ "${1:-0}" -lt 6 ] || { [ "${1:-0}" = 6 ] && [ "${2:-0}" -lt 3 ]; }; then
        die "Swift ${1:-?}.${2:-?} is too old: 6.3 is needed. Get it from https://www.swift.org/install/linux/."
    fi
}

# What building needs.
need_to_build() { need_packages git ca-certificates libsqlite3-dev libtomlplusplus-dev libsodium-dev libhiredis-dev libssl-dev pkg-config; need_swift; }

# Whether the loader of this machine reads packed relocations (glibc 2.36).
packs_relocations() {
    local version
    version=$(getconf GNU_LIBC_VERSION 2>/dev/null | sed -nE 's/^glibc ([0-9]+)\.([0-9]+).*/\1 \2/p')
    set -- $version
    [ "${1:-0}" -gt 2 ] || { [ "${1:-0}" = 2 ] && [ "${2:-0}" -ge 36 ]; }
}

# swift build for release, with the runtimes of Swift and C++ inside: release_build [OPTION…].
# C and C++ notice a broken stack; FORTIFY is in Package.swift, because Swift's own reading of C headers must go without.
release_build() {
    local runtimes=$ROOT/.build/runtimes options library tools flag
    options=(-Xcc -fstack-protector-strong -Xcxx -fstack-protector-strong)
    if [ "$(uname -s)" = Linux ]; then
        tools=$(dirname "$(readlink -f "$(command -v swift)")")
        # No single step may jump over the guard page below a stack.
        options+=(-Xcc -fstack-clash-protection -Xcxx -fstack-clash-protection)
        # The program stands where chance puts it, and what the loader has filled in is read-only before main begins.
        # Relocating costs each command two megabytes, and half as much again if the relocations are not packed, which
        # takes lld. See docs/performance.md.
        for flag in -pie -z now -z relro -z noexecstack; do options+=(-Xlinker "$flag"); done
        # Nobody links with tt: its names need not be in it, and what is not used can go. The unwinder is inside.
        options+=(-Xlinker --no-export-dynamic -Xswiftc -Xclang-linker -Xswiftc -static-libgcc)
        if [ -x "$tools/ld.lld" ]; then
            options+=(-Xswiftc -use-ld=lld)
            if packs_relocations; then options+=(-Xlinker -z -Xlinker pack-relative-relocs); fi
        fi
        library=$("$tools/clang" -print-file-name=libstdc++.a 2>/dev/null || true)
        # A folder that holds nothing else: the linker takes from it what it would otherwise load at every start.
        if [ -f "$library" ]; then
            mkdir -p "$runtimes"
            ln -sfn "$library" "$runtimes/libstdc++.a"
            options+=(-Xlinker "-L$runtimes")
        fi
    fi
    (cd "$ROOT" && swift build -c release --static-swift-stdlib "${options[@]}" "$@")
}

# Builds the release binary and prints its path: build_release [OPTION…].
build_release() {
    release_build --product tt "$@" >&2 || die "the build failed (see above)"
    printf '%s/tt\n' "$(release_build --show-bin-path)"
}
