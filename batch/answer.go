package batch

// Answer is what a provider said to a request, as people may see it: without secrets, decoded, and cut.
type Answer struct {
	Status  int    `json:"status"`            // of HTTP
	Headers string `json:"headers,omitempty"` // a line each
	Body    string `json:"body,omitempty"`
	Cut     bool   `json:"cut,omitempty"` // there was more
}
