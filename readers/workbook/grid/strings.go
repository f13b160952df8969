package grid

// Strings holds the shared strings in few large blocks, so that a million of them are no load for the collector.
type Strings struct {
	blocks  []string
	open    []byte
	pages   [][]uint64   // where each string is: block<<44 | offset<<24 | length
	plain   [][]uint64   // of those that were looked at and are what they show: a bit for each
	crossed map[int]bool // those of which a part is struck through
	n       int
	bytes   int64
}

const (
	blockSize  = 256 << 10
	pageSize   = 8 << 10
	maxString  = 1<<24 - 1
	maxStrings = 160 << 20 // bytes of all strings: what an honest workbook stays far below
)

// Len is the number of strings.
func (s *Strings) Len() int { return s.n }

// At returns string i, which must be below Len. It costs no memory.
func (s *Strings) At(i int) string {
	at := s.pages[i/pageSize][i%pageSize]
	from := at >> 24 & (1<<20 - 1)
	return s.blocks[at>>44][from : from+at&maxString]
}

// at is string i, and whether it was found plain.
func (s *Strings) at(i int) (text string, plain bool) {
	return s.At(i), s.plain[i/pageSize][i%pageSize/64]>>(i%64)&1 != 0
}

// found keeps that string i is plain.
func (s *Strings) found(i int) { s.plain[i/pageSize][i%pageSize/64] |= 1 << (i % 64) }

// Add keeps the next string. Reasons not to are an *Error with the reason Strings or TooLong: more than limit of them (0:
// no limit), or more bytes than an honest workbook has.
func (s *Strings) Add(b []byte, limit int) *Error {
	switch {
	case limit > 0 && s.n >= limit:
		return &Error{Reason: OverStrings, Limit: limit}
	case s.bytes+int64(len(b)) > maxStrings:
		return &Error{Reason: OverStrings, Limit: maxStrings}
	case len(b) > maxString:
		return &Error{Reason: TooLong, Limit: maxString}
	}
	if s.open == nil {
		s.open = make([]byte, 0, blockSize)
	}
	if len(s.open)+len(b) > blockSize && len(s.open) > 0 {
		s.seal()
	}
	if s.n%pageSize == 0 {
		s.pages, s.plain = append(s.pages, make([]uint64, 0, pageSize)), append(s.plain, make([]uint64, pageSize/64))
	}
	last := len(s.pages) - 1
	s.pages[last] = append(s.pages[last], uint64(len(s.blocks))<<44|uint64(len(s.open))<<24|uint64(len(b)))
	s.open = append(s.open, b...)
	s.n++
	s.bytes += int64(len(b))
	return nil
}

// Cross says that a part of the last string is struck through.
func (s *Strings) Cross() {
	if s.crossed == nil {
		s.crossed = map[int]bool{}
	}
	s.crossed[s.n-1] = true
}

// Done is called when all are there: what was only needed for adding is given back.
func (s *Strings) Done() {
	s.seal()
	s.open = nil
}

func (s *Strings) seal() {
	s.blocks = append(s.blocks, string(s.open))
	s.open = s.open[:0]
}
