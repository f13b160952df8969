#!/usr/bin/env bash
# release.sh DIR VERSION SYSTEM/ARCH…: builds what a release consists of into DIR. The same commit, Go and VERSION give the
# same bytes, on any machine and in any folder. Run at the top of the project.
set -euo pipefail

dir=$1 version=$2
shift 2
commit=$(git rev-parse --short=12 HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)

export SOURCE_DATE_EPOCH VERSION=$version CGO_ENABLED=0
nfpm="go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2"

rm -rf "$dir"
mkdir -p "$dir"
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

# No tables for debuggers. What seldom runs, or waits for others, is not inlined, one megabyte of 41; and functions begin at 16 bytes.
flags=(-gcflags=all=-dwarf=false)
while read -r packages; do flags+=("-gcflags=$packages=-dwarf=false -l"); done <packaging/seldom.txt

# build SYSTEM ARCH TO FLAGS…: without cgo, without the paths of this machine, with version and commit.
build() {
	GOOS=$1 GOARCH=$2 go build "${@:4}" "${flags[@]}" -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid= -funcalign=16 -X main.release=$version -X main.commit=$commit" -o "$3" ./cmd/rowferry
}

# What packages carry beside the program, written by the program itself.
build "$(go env GOHOSTOS)" "$(go env GOHOSTARCH)" "$tree/host" -tags manual
"$tree/host" manual "$tree/manual"
"$tree/host" version --licences >"$tree/LICENCES.txt"
gzip -n -9 "$tree"/manual/man/*.1

for target in "$@"; do
	system=${target%/*} arch=${target#*/}
	suffix=""
	[ "$system" = windows ] && suffix=.exe
	program="$dir/rowferry-$version-$system-$arch$suffix"
	build "$system" "$arch" "$program"
	if [ "$system" = linux ]; then
		mkdir -p "$tree/$arch"
		cp "$program" "$tree/$arch/rowferry"
		cp -r "$tree"/manual/* "$tree/LICENCES.txt" "$tree/$arch/"
		for packager in deb rpm; do
			TREE="$tree/$arch" ARCH=$arch $nfpm package --config packaging/nfpm.yaml --packager $packager --target "$dir/" >/dev/null
		done
	fi
	echo "$target"
done

# The list of parts, read from a program itself.
go run ./packaging/parts "$program" "v$version" >"$dir/rowferry-$version.cdx.json"
(cd "$dir" && sha256sum -- * >SHA256SUMS)
