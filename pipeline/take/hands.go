package take

import "sync"

// Hands are the files that this process is being handed right now, by a command or as an upload: DropHanded leaves them alone, whenever it
// comes to run beside. All takers of a process share them. The zero value has none, and so has nil.
type Hands struct {
	mu  sync.Mutex
	ids map[string]bool
}

func (h *Hands) begin(id string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ids == nil {
		h.ids = map[string]bool{}
	}
	h.ids[id] = true
}

func (h *Hands) end(id string) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.ids, id)
}

func (h *Hands) has(id string) bool {
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ids[id]
}
