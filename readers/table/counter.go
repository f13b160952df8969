package table

import (
	"strconv"

	"github.com/rowferry/rowferry/batch"
)

// Counter knows rows that were prepared and not filled in: nothing stands in them but a running number, in a first column that fills no field.
type Counter struct {
	on    bool
	last  int
	known bool // last is the number of the row above
}

// NewCounter begins with the first row of columns.
func NewCounter(fit batch.Fit) Counter {
	return Counter{on: len(fit.Fields) > 1 && fit.Fields[0] == "" && fit.Known() > 0}
}

// Restart begins with the first row again.
func (c *Counter) Restart() { c.known = false }

// Asks reports whether Only is to be told of rows at all: else it answers the same of each.
func (c *Counter) Asks() bool { return c.on }

// Only takes the first value of the next row, and whether it is the only one, and reports whether the row was only prepared.
func (c *Counter) Only(first string, alone func() bool) bool {
	if !c.on {
		return false
	}
	n, err := strconv.Atoi(first)
	next := err == nil && (c.known && n == c.last+1 || !c.known && n == 1)
	c.last, c.known = n, err == nil
	return next && alone()
}
