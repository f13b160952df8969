package grid

import "io"

// Spans walks a sheet that tells of its ranges as it is read, up to row through, and gives those that begin there or before:
// at most MaxMerged. next reads a row, number is the row it has come to, and all is whom the sheet tells.
func Spans(next func() error, number *int, all *func(Area), through int) ([]Area, error) {
	var found []Area
	*all = func(a Area) {
		if a.Top <= through && len(found) < MaxMerged {
			found = append(found, a)
		}
	}
	for *number <= through {
		if err := next(); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	return found, nil
}
