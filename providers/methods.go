package providers

import "github.com/rowferry/rowferry/batch"

func (f *Field) append(dst []byte, text string, kind batch.Kind) ([]byte, bool, *Violation) {
	return f.converter.append(dst, text, kind)
}
