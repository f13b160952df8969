// Package packaging holds what the program is installed with: the systemd unit, and beside it the packages' recipe.
package packaging

import _ "embed"

// Unit is the systemd unit of the service, hardened; its paths are those of the Debian and RPM packages.
//
//go:embed rowferry.service
var Unit string
