//go:build linux

package placestest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/rowferry/rowferry/places/placestest"
	"github.com/rowferry/rowferry/places/sftp/sshdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLocal(t *testing.T)    { placestest.Run(t, placestest.Local()) }
func TestInMemory(t *testing.T) { placestest.Run(t, placestest.InMemory()) }

func TestSFTP(t *testing.T) {
	server := sshdtest.Start(t, sshdtest.Options{})
	placestest.Run(t, placestest.Remote(placestest.Dial(t, server.Config())))
}
