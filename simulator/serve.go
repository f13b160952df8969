package simulator

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/words"
)

// A Server serves simulators below one address of this machine: each at /NAME.
type Server struct {
	sims     []*Simulator
	listener net.Listener
	http     *http.Server
	done     chan error
}

// Start listens at a loopback address ("127.0.0.1:0" for any free port) and serves until Close.
func Start(address string, sims ...*Simulator) (*Server, error) {
	if err := onLoopback(address); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	names := []string{}
	for _, s := range sims {
		names = append(names, s.Name())
		mux.Handle("/"+s.Name()+"/", http.StripPrefix("/"+s.Name(), s))
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { reply(w, names) })
	s := &Server{sims: sims, listener: l, done: make(chan error, 1), http: &http.Server{Handler: mux, ReadHeaderTimeout: 30 * time.Second, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

// onLoopback refuses addresses that other machines could reach: a simulator believes everybody.
func onLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return &Mistake{words.Message("simulator.loopback", "address", address)}
}

// Mistake is a setting that cannot be followed. People read words.Say(lang, m.Message).
type Mistake struct{ Message batch.Message }

func (m *Mistake) Error() string { return words.Say(batch.English, m.Message) }

// Addr is where the server listens, host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Close stops at once and waits for the server to end.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	for _, one := range s.sims {
		one.Close()
	}
	return err
}
