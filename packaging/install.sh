#!/bin/sh
# Installs Tinytown from an archive that scripts/dist made:
#   sh install.sh [--prefix DIR] [--sha256 DIGEST] ARCHIVE
#     ARCHIVE           a file, or an address (http:// or https://)
#     --prefix DIR      where to (default ~/.local; as root /usr/local)
#     --sha256 DIGEST   what the archive must be; else the SHA256SUMS beside it says so
# The archive is checked before anything of it is unpacked. A tt that is running keeps its file.
set -eu

die() { echo "error: $*" >&2; exit 1; }
usage() { sed -n '2,7s/^# \{0,1\}//p' "$0"; }

prefix= digest= archive=
while [ $# -gt 0 ]; do
    case $1 in
        --prefix) [ $# -ge 2 ] || die "--prefix needs a folder"; prefix=$2; shift 2 ;;
        --sha256) [ $# -ge 2 ] || die "--sha256 needs a digest"; digest=$2; shift 2 ;;
        -h|--help) usage; exit 0 ;;
        -*) die "unknown option '$1'; see: sh install.sh --help" ;;
        *) [ -z "$archive" ] || die "only one archive at a time"; archive=$1; shift ;;
    esac
done
[ -n "$archive" ] || { usage >&2; exit 2; }
if [ -z "$prefix" ]; then
    if [ "$(id -u)" = 0 ]; then prefix=/usr/local; else prefix=${HOME:?}/.local; fi
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# get FROM TO: a copy of a file or of what is at an address.
get() {
    case $1 in
        http://*|https://*)
            if command -v curl >/dev/null 2>&1; then
                curl --disable --fail --silent --show-error --location --proto '=http,https' --output "$2" -- "$1"
            elif command -v wget >/dev/null 2>&1; then
                wget -q -O "$2" -- "$1"
            else
                die "an address needs curl or wget; install one of them, or give a file"
            fi ;;
        *://*) die "'$1' is neither a file nor an http address" ;;
        *) [ -f "$1" ] || return 1; cp -- "$1" "$2" ;;
    esac
}

file=${archive%%\?*}
file=${file##*/}
case $file in
    *[!A-Za-z0-9._-]*) die "'$file' is not an archive of Tinytown" ;;
    tinytown-*.tar.gz) ;;
    *) die "'$file' is not an archive of Tinytown (tinytown-VERSION-linux-MACHINE.tar.gz)" ;;
esac
case $file in
    *-linux-"$(uname -m)".tar.gz) ;;
    *) die "$file is not for this machine ($(uname -s) $(uname -m))" ;;
esac
get "$archive" "$work/$file" || die "$archive can't be read"
if [ -z "$digest" ]; then
    case $archive in
        */*) beside=${archive%/*}/SHA256SUMS ;;
        *) beside=SHA256SUMS ;;
    esac
    get "$beside" "$work/SHA256SUMS" || die "no digest: give --sha256, or put SHA256SUMS beside the archive"
    digest=$(sed -n "s/^\([0-9a-f]\{64\}\) [ *]$file\$/\1/p" "$work/SHA256SUMS")
    [ -n "$digest" ] || die "$beside has no digest of $file"
fi
digest=$(printf %s "$digest" | tr A-F a-f)
if command -v sha256sum >/dev/null 2>&1; then
    found=$(sha256sum "$work/$file" | cut -d ' ' -f 1)
else
    found=$(shasum -a 256 "$work/$file" | cut -d ' ' -f 1)
fi
[ "$found" = "$digest" ] || die "$file is not what it should be: its SHA-256 is $found, not $digest. Nothing was installed"

tar -xzf "$work/$file" -C "$work" || die "$file can't be unpacked"
tree=$work/${file%.tar.gz}
"$tree/bin/tt" --version >/dev/null || die "tt does not run here (it needs glibc 2.36 or newer). Nothing was installed"
(cd "$tree" && find . -type d) | while read -r folder; do mkdir -p "$prefix/$folder"; done
# Beside the old one first, then renamed: nobody ever sees half of a file.
(cd "$tree" && find . -type f) | while read -r each; do
    cp "$tree/$each" "$prefix/$each.new" && mv -f "$prefix/$each.new" "$prefix/$each"
done
# The unit names the program where it is.
unit=$prefix/lib/systemd/user/tinytown@.service
if [ -f "$unit" ]; then
    sed "s|/usr/bin/tt|$prefix/bin/tt|g" "$unit" >"$unit.new" && mv -f "$unit.new" "$unit"
fi
"$prefix/bin/tt" --version >/dev/null || die "$prefix/bin/tt does not run"
echo "installed $("$prefix/bin/tt" --version) into $prefix"
case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *) echo "add it to your PATH: export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
