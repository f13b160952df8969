//go:build !race

package workbook

import "time"

// patience is how long a hostile file may take.
const patience = 10 * time.Second
