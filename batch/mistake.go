package batch

// Mistake is one thing in the settings of some part that must be mended, as that part sees it. Whoever knows where the settings
// stand (package configs) gives it its place.
type Mistake struct {
	Key   string  // where, below the settings that were judged: "sign.over", "match[1]"; a key that is missing is named too
	What  Message // what is wrong
	Write Message // what to write instead; the zero Message when What says it all

	Elsewhere bool // the settings may be right: a file or a variable that they name is missing on this machine
	Warning   bool // it can be used as it is, and should be looked at
}
