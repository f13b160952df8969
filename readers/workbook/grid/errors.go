package grid

// Reason is why a part of a workbook, or all of it, cannot be trusted; words has a sentence for each: "workbook.REASON".
type Reason string

const (
	Missing     Reason = "part_missing"   // a part that must be there is not
	Twice       Reason = "duplicate"      // two entries with the same name
	Overlap     Reason = "overlap"        // two entries share bytes
	Checksum    Reason = "checksum"       // the content does not match its CRC
	Size        Reason = "size"           // the content is longer or shorter than the directory says
	Truncated   Reason = "truncated_part" // the content ends too early
	Corrupt     Reason = "corrupt"        // the compressed data is no deflate stream
	Method      Reason = "method"         // compressed in a way that spreadsheets do not use
	Encrypted   Reason = "zip_encrypted"  // the zip itself has a password
	Syntax      Reason = "xml"            // not well-formed
	Doctype     Reason = "doctype"        // has a document type (entity bombs)
	Encoding    Reason = "encoding"       // an encoding that workbooks do not have
	Structure   Reason = "structure"      // well-formed, but not what the part must contain
	TooBig      Reason = "limit_bytes"
	TooDense    Reason = "limit_ratio"
	TooMany     Reason = "limit_parts"
	TooDeep     Reason = "limit_depth"
	TooLong     Reason = "limit_value"
	OverStrings Reason = "limit_strings"
	OverFormats Reason = "limit_formats"
)

// Error says which part cannot be trusted and why.
type Error struct {
	Part   string // "" for the file as a whole
	Reason Reason
	Limit  any // of the limit that was hit
	Err    error
}

func (e *Error) Error() string {
	s := string(e.Reason)
	if e.Part != "" {
		s = e.Part + ": " + s
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// In names the part, where it is not named yet.
func (e *Error) In(part string) error {
	if e.Part == "" {
		e.Part = part
	}
	return e
}
