package inboxtest

import "testing"

func fifo(*testing.T, string) {} // there are none
