package mappers

import (
	"bytes"

	"github.com/rowferry/rowferry/batch"
)

// room is where items and what they hold are put, many at once: to ask for memory for each costs more than to fill it. Who keeps one
// item keeps its neighbours.
type room struct {
	items  []batch.Item
	rows   []int
	bodies []byte
}

// Of each so many are asked for at once; a body of more bytes than the last has its own.
const (
	roomItems  = 32
	roomRows   = 256
	roomBodies = 16 << 10
	ownBody    = 2 << 10
)

func (r *room) item() *batch.Item {
	if len(r.items) == 0 {
		r.items = make([]batch.Item, roomItems)
	}
	it := &r.items[0]
	r.items = r.items[1:]
	return it
}

// row is the list of one row.
func (r *room) row(number int) []int {
	if len(r.rows) == 0 {
		r.rows = make([]int, roomRows)
	}
	one := r.rows[:1:1]
	one[0], r.rows = number, r.rows[1:]
	return one
}

// body is a copy.
func (r *room) body(b []byte) []byte {
	if len(b) > ownBody {
		return bytes.Clone(b)
	}
	if len(r.bodies)+len(b) > cap(r.bodies) {
		r.bodies = make([]byte, 0, roomBodies)
	}
	from := len(r.bodies)
	r.bodies = append(r.bodies, b...)
	return r.bodies[from:len(r.bodies):len(r.bodies)]
}
