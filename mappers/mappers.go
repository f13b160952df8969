// Package mappers turns rows into items: columns to fields, expressions, grouping, validation. It does no I/O.
package mappers
