package simulator_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/senders"
	"github.com/rowferry/rowferry/simulator"
)

// The pace over a real line in real time, as the simulated provider counts it: 24 workers, 0 to 40 ms of delay either way.
// ROWFERRY_PACE=60s makes it run that long for each of three round trips; it is 3 s of one otherwise.
func TestPaceOverARealLine(t *testing.T) {
	spell, delays := 3*time.Second, []time.Duration{0}
	if v := os.Getenv("ROWFERRY_PACE"); v != "" {
		d, err := time.ParseDuration(v)
		if err != nil {
			t.Fatal(err)
		}
		spell, delays = d, []time.Duration{0, 100 * time.Millisecond, 300 * time.Millisecond}
	}
	for _, delay := range delays {
		t.Run(delay.String(), func(t *testing.T) {
			s := set(t, builtin(t, "otms"), "shipPointRemove", func(a *configs.Account, o *simulator.Options) {
				a.Rate, a.Concurrency = "10/s", 24
				o.Faults = simulator.Faults{Jitter: simulator.Duration(40 * time.Millisecond), Delay: simulator.Duration(delay)}
			})
			end := time.Now().Add(spell)
			var wg sync.WaitGroup
			for worker := range 24 {
				wg.Go(func() {
					for i := 0; time.Now().Before(end); i++ {
						item := batch.Item{Rows: []int{2}, Body: []byte(point(fmt.Sprintf("OK-%d-%d", worker, i)))}
						if r := s.sender.Send(t.Context(), senders.Attempt{Operation: s.op, Items: []batch.Item{item}}); r.Fate != senders.Answered {
							t.Errorf("%+v", r)
						}
					}
				})
			}
			time.Sleep(time.Until(end))
			use := float64(s.sim.Stats().Requests) / 10 / spell.Seconds()
			wg.Wait()
			st := s.well()
			t.Logf("%d in the worst second, %.1f %% of the limit used", st.WorstSecond, 100*use)
			if st.WorstSecond > 10 {
				t.Errorf("%d requests in one second, the limit is 10", st.WorstSecond)
			}
			if spell >= 10*time.Second && use < 0.95 {
				t.Errorf("%.1f %% of the limit used", 100*use)
			}
		})
	}
}
