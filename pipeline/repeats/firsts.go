package repeats

// firsts are the first rows of requests, by the beginning of their prints. The zero value is empty. A file keeps one for each of its
// rows until it is accepted, so they lie close: some twenty bytes each, and of what is there only a 256th is copied at once.
type firsts struct{ parts [256]part }

// part is those of which the first byte is one: a hash table with open addressing. A key is zero where there is none.
type part struct {
	keys []uint64
	rows []int
	n    int
}

// at is the place of a key's row, which is zero until somebody writes there. It is good until the next call.
func (f *firsts) at(key uint64) *int {
	key = max(key, 1)
	p := &f.parts[key>>56]
	if 8*p.n >= 7*len(p.keys) {
		p.grow()
	}
	i := p.slot(key)
	if p.keys[i] == 0 {
		p.keys[i] = key
		p.n++
	}
	return &p.rows[i]
}

// slot is where a key is, or would be.
func (p *part) slot(key uint64) int {
	i := int(key >> 24 & (1<<32 - 1) * uint64(len(p.keys)) >> 32)
	for p.keys[i] != 0 && p.keys[i] != key {
		if i++; i == len(p.keys) {
			i = 0
		}
	}
	return i
}

func (p *part) grow() {
	old := *p
	size := 8 + len(p.keys) + len(p.keys)/2
	p.keys, p.rows = make([]uint64, size), make([]int, size)
	for k, key := range old.keys {
		if key != 0 {
			i := p.slot(key)
			p.keys[i], p.rows[i] = key, old.rows[k]
		}
	}
}
