#!/usr/bin/env bash
# build-deb.sh BINARY ARCHITECTURE VERSION PAPERS OUTFILE: makes the Debian package. PAPERS is the folder with the SBOM and
# the licences. SOURCE_DATE_EPOCH is the time of everything in it, so that the same input gives the same bytes;
# DEB_COMPRESSION=none saves the time where the package is only tried.
set -euo pipefail

readonly BINARY="$1" ARCHITECTURE="$2" VERSION="$3" PAPERS="$4" OUTFILE="$5"
PACKAGING="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly PACKAGING
readonly ROOT="$PACKAGING/.."
# One thread: with more the bytes depend on their number. A higher level costs minutes and saves a tenth.
readonly COMPRESSION=("-Z${DEB_COMPRESSION:-xz}" -z3 --threads-max=1)
: "${SOURCE_DATE_EPOCH:?}"
export SOURCE_DATE_EPOCH

# put MODE FILE... FOLDER: the parents get their modes of umask 022.
put() {
  local mode="$1" to="$tree/${*: -1}"
  mkdir -p "$to"
  install -m "$mode" "${@:2:$#-2}" "$to"
}

fill() {
  local doc=usr/share/doc/edge-ingester share=usr/share/edge-ingester
  mkdir -p "$tree/usr/bin" "$tree/etc/edge-ingester"
  install -m 0755 "$BINARY" "$tree/usr/bin/edge-ingester"
  put 0644 "$PACKAGING/edge-ingester.service" usr/lib/systemd/system
  install -m 0640 "$ROOT/config/env.example" "$tree/etc/edge-ingester/edge-ingester.env"
  install -d -m 0700 "$tree/etc/edge-ingester/credentials"
  put 0644 "$ROOT"/docs/*.md "$ROOT/README.md" "$ROOT/CHANGELOG.md" "$PAPERS"/THIRD-PARTY-LICENSES.txt "$PAPERS"/*.cdx.json "$doc"
  install -m 0644 "$ROOT/LICENSE" "$tree/$doc/copyright"
  put 0644 "$PACKAGING/prometheus/alerts.yml" "$PACKAGING/grafana/edge-ingester.json" "$ROOT/config/venue-profile.schema.json" "$share"
  put 0644 "$ROOT/config/env.example" "$share"
}

control() {
  local kib script
  mkdir -m 0755 "$tree/DEBIAN"
  kib="$(du -s --apparent-size -k --exclude=DEBIAN "$tree" | cut -f1)"
  sed -e "s/@VERSION@/$VERSION/; s/@ARCHITECTURE@/$ARCHITECTURE/; s/@INSTALLED_KIB@/$kib/" \
    "$PACKAGING/debian/control.in" >"$tree/DEBIAN/control"
  install -m 0644 "$PACKAGING/debian/conffiles" "$tree/DEBIAN/conffiles"
  for script in postinst prerm postrm; do install -m 0755 "$PACKAGING/debian/$script" "$tree/DEBIAN/$script"; done
  (cd "$tree" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  chmod 0644 "$tree/DEBIAN/control" "$tree/DEBIAN/md5sums"
}

umask 022
tree="$(mktemp -d)"
readonly tree
trap 'rm -rf "$tree"' EXIT
chmod 0755 "$tree"
fill
control
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
mkdir -p "$(dirname "$OUTFILE")"
dpkg-deb "${COMPRESSION[@]}" --root-owner-group --build "$tree" "$OUTFILE" >/dev/null
