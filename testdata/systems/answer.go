// Package systems is right on Linux and wrong on Windows: TestOtherSystems must tell.
package systems

var _ int = answer
