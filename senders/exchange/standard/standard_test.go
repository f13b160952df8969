package standard_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/rowferry/rowferry/senders/exchange"
	"github.com/rowferry/rowferry/senders/exchange/exchangetest"
	"github.com/rowferry/rowferry/senders/exchange/standard"
)

func TestConformance(t *testing.T) {
	exchangetest.Run(t, exchangetest.Way{Open: func(_ *testing.T, settings *http.Transport, _ *url.URL) exchange.Carrier {
		return standard.New(settings)
	}})
}
