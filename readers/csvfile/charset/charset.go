// Package charset tells by the letters which legacy encoding a text has.
package charset

// Verdict is what Guess found.
type Verdict struct {
	Name string   // of the encoding, as the WHATWG index calls it
	Sure bool     // whether to read by it without asking
	Fits []string // when not sure: the encodings that the text could have, likeliest first
}

// Guess judges a sample of lines that hold bytes above 127 and are no UTF-8.
func Guess(sample []byte) Verdict { return Verdict{} }
