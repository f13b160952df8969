//go:build race && unix

package pipeline_test

func init() { raced = true }
