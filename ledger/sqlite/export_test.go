package sqlite

// TailOf has tails of so many prints become segments until it is undone.
func TailOf(prints int) (undo func()) {
	before := tailSize
	tailSize = prints
	return func() { tailSize = before }
}
