// Command bench measures rowferry on this machine against a bare loop that does the same work without a ledger,
// checks, retries or resuming, and prints ratios of one run. docs/performance.md says what they mean.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/rowferry/rowferry/cmd/rowferry/collecting" // taking alone collects memory as the program does
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline"
	"github.com/rowferry/rowferry/pipeline/take"
	"github.com/rowferry/rowferry/readers"
	"github.com/rowferry/rowferry/readers/workbook"
	"github.com/rowferry/rowferry/readers/workbook/xlsx"
)

func main() {
	log.SetFlags(0)
	rows := flag.Int("rows", 100_000, "rows of the main comparison")
	big := flag.Int("big", 1_000_000, "rows of the large file (0: leave it out)")
	remembered := flag.Int("remembered", 10_000_000, "requests that the ledger remembers when it takes further files (0: leave it out)")
	runs := flag.Int("runs", 3, "runs of each, in turn")
	other := flag.String("against", "", "compare with the build of this revision instead, in every figure")
	flag.Parse()
	var err error
	switch flag.Arg(0) {
	case "":
		if *other != "" {
			err = against(*other, *rows, *big, *runs)
			break
		}
		err = measure(*rows, *big, *remembered, *runs)
	case "checking":
		err = withBench(1, func(b *bench, _ string) error {
			before, err := b.of(*other)
			if err != nil {
				return err
			}
			return b.checking([]version{{b.binary, b.self}, before}, 3**runs)
		})
	case "delays":
		err = delays(*other, *rows, *runs)
	case "guards":
		err = withBench(*rows, func(b *bench, in string) error { return b.guards(in, *rows, *runs) })
	case "sending":
		err = withBench(*rows, func(b *bench, in string) error { _, err := b.sending(in, *rows, *runs); return err })
	case "sheets":
		err = withBench(1, func(b *bench, _ string) error { return b.sheets(20_000, *runs) })
	case "plot":
		err = plot(flag.Arg(1), *big, *runs)
	case "slow":
		err = slow(*runs)
	case "memory":
		err = memory(*rows, 3**rows)
	case "wide":
		err = writeWide(flag.Arg(1), atoi(flag.Arg(2)))
	case "apart":
		err = writeApart(flag.Arg(1), atoi(flag.Arg(2)))
	case "alter":
		err = alter(flag.Arg(1), flag.Arg(2), flag.Arg(3))
	case "same":
		err = same(flag.Arg(1), flag.Arg(2))
	case "shared":
		err = withBench(*rows, func(b *bench, in string) error { return b.shared(in, *rows, *runs) })
	case "beside":
		err = withBench(1, func(b *bench, _ string) error { return b.beside(*rows, *remembered, 4**runs) })
	case "control":
		err = control(flag.Arg(1), flag.Arg(2), flag.Arg(3))
	case "take":
		err = takeAlone(flag.Arg(1), flag.Arg(2))
	case "xlsx": // in a process of its own: a child's peak memory counts its parent's
		err = writeXLSX(flag.Arg(1), atoi(flag.Arg(2)))
	case "read":
		err = readXLSX(flag.Arg(1))
	case "excelize":
		err = readExcelize(flag.Arg(1))
	default:
		err = fmt.Errorf("unknown %q", flag.Arg(0))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		log.Fatal(err)
	}
	return n
}

// figure is one timed process.
type figure struct {
	wall, cpu float64 // seconds
	rss       float64 // MiB
}

// timed runs a command and reads what the system says it used.
func timed(name string, args ...string) (figure, error) {
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	start := time.Now()
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out.String())
	}
	wall := time.Since(start).Seconds()
	s := cmd.ProcessState
	if s == nil {
		return figure{}, err
	}
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return figure{}, errors.New("this system does not say what a process used")
	}
	return figure{wall, (s.UserTime() + s.SystemTime()).Seconds(), float64(usage.Maxrss) / 1024}, err
}

func median(all []float64) float64 {
	slices.Sort(all)
	return all[len(all)/2]
}

func measure(rows, big, remembered, runs int) error {
	return withBench(rows, func(b *bench, in string) error {
		fmt.Printf("%d rows of 20 columns, 12 mapped; medians of %d runs in turn\n\n", rows, runs)
		perRow, err := b.sending(in, rows, runs)
		if err != nil {
			return err
		}
		if err := b.guards(in, rows, runs); err != nil {
			return err
		}
		if err := b.shared(in, rows, runs); err != nil {
			return err
		}
		if big > 0 {
			if err := b.large(big, perRow); err != nil {
				return err
			}
		}
		if remembered > 0 {
			if err := b.beside(rows, remembered, 4*runs); err != nil {
				return err
			}
		}
		if err := b.sheets(20_000, runs); err != nil {
			return err
		}
		return b.reading(runs)
	})
}

// withBench builds the program, starts the sink and writes an input of so many rows.
func withBench(rows int, do func(b *bench, in string) error) error {
	dir, err := os.MkdirTemp("", "rowferry-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	binary := filepath.Join(dir, "rowferry")
	if err := build(binary, ""); err != nil {
		return err
	}
	b := &bench{dir: dir, self: self, binary: binary, taken: &atomic.Int64{}, refused: &atomic.Int64{}, asked: &span{}}
	stop, err := b.sink()
	if err != nil {
		return err
	}
	defer stop()
	in := filepath.Join(dir, "in.csv")
	if err := writeCSV(in, rows); err != nil {
		return err
	}
	return do(b, in)
}

// build builds the program as a release does.
func build(to, flags string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w "+flags, "-o", to, "./cmd/rowferry")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

type bench struct {
	dir, self, binary, url string
	document, config       string        // the provider's and the configuration's; "": those beside this
	most                   string        // rows of a file [2000000, which every build has taken]
	taken, refused         *atomic.Int64 // requests that the sink got, and those of them that it refused
	asked                  *span         // from the first request that it got to the last answer
	n                      int
}

// workplace makes a fresh configuration folder.
func (b *bench) workplace() (string, error) {
	b.n++
	dir := filepath.Join(b.dir, fmt.Sprintf("place%d", b.n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	document, err := filepath.Abs(cmp.Or(b.document, "bench/testdata/sink.yaml"))
	if err != nil {
		return "", err
	}
	text, err := os.ReadFile(cmp.Or(b.config, "bench/testdata/rowferry.yaml"))
	if err != nil {
		return "", err
	}
	filled := strings.NewReplacer("SINK", document, "URL", b.url, "MOST", cmp.Or(b.most, "2000000")).Replace(string(text))
	path := filepath.Join(dir, "rowferry.yaml")
	return path, os.WriteFile(path, []byte(filled), 0o644)
}

// ferry sends a file through rowferry and checks that the sink got every row once.
func (b *bench) ferry(in string, rows int) (figure, error) { return b.ferryWith(b.binary, in, rows) }

func (b *bench) ferryWith(binary, in string, rows int) (figure, error) {
	config, err := b.workplace()
	if err != nil {
		return figure{}, err
	}
	defer os.RemoveAll(filepath.Dir(config))
	before := b.taken.Load()
	f, err := timed(binary, "send", "-c", config, "pay", in)
	if err != nil {
		return f, err
	}
	if got := b.taken.Load() - before; got != int64(rows) {
		return f, fmt.Errorf("the sink got %d requests for %d rows", got, rows)
	}
	results, _ := filepath.Glob(filepath.Join(filepath.Dir(config), "outbox", "*.result.csv"))
	if len(results) != 1 {
		return f, fmt.Errorf("%d result files", len(results))
	}
	return f, nil
}

func (b *bench) sending(in string, rows, runs int) (perRow float64, err error) {
	var bare, ferry, taking, memory, cpuBare, cpuFerry []float64
	for range runs {
		c, err := timed(b.self, "control", in, filepath.Join(b.dir, "control.csv"), b.url+"/pay")
		if err != nil {
			return 0, err
		}
		f, err := b.ferry(in, rows)
		if err != nil {
			return 0, err
		}
		config, err := b.workplace()
		if err != nil {
			return 0, err
		}
		t, err := timed(b.self, "take", config, in)
		if err != nil {
			return 0, err
		}
		bare, ferry, taking = append(bare, c.wall), append(ferry, f.wall), append(taking, t.wall)
		cpuBare, cpuFerry, memory = append(cpuBare, c.cpu), append(cpuFerry, f.cpu), append(memory, f.rss)
	}
	n := float64(rows)
	c, f, t := median(bare), median(ferry), median(taking)
	fmt.Printf("%-46s %9.0f rows/s  %5.1f s CPU\n", "control, bare loop", n/c, median(cpuBare))
	fmt.Printf("%-46s %9.0f rows/s  %5.1f s CPU  %4.0f MiB  ratio %.2f (wanted: 0.6 or more)\n", "rowferry send, into the result file", n/f, median(cpuFerry), median(memory), c/f)
	fmt.Printf("%-46s %9.0f rows/s  ratio %.1f (wanted: 8 or more)\n", "taking alone: read, map, check, ledger", n/t, c/t)
	return f / n, nil
}

// guards compares rowferry with one that was built to keep neither checksums nor the mark (wanted: 1.03 or less of CPU).
func (b *bench) guards(in string, rows, runs int) error {
	bare := filepath.Join(b.dir, "unguarded")
	if err := build(bare, "-X github.com/rowferry/rowferry/ledger.unguarded=yes"); err != nil {
		return err
	}
	both := []version{{rowferry: b.binary}, {rowferry: bare}}
	return b.pairs("the journal's checksums and mark, of send", both, 3*runs, func(v version) (figure, error) { return b.ferryWith(v.rowferry, in, rows) })
}

func (b *bench) large(rows int, perRow float64) error {
	in := filepath.Join(b.dir, "big.csv")
	if err := writeCSV(in, rows); err != nil {
		return err
	}
	defer os.Remove(in)
	f, err := b.ferry(in, rows)
	if err != nil {
		return err
	}
	fmt.Printf("%-46s %9.0f rows/s  %4.0f MiB (wanted: 150 or less)  time per row %.2f of the smaller file's (wanted: 1 or less)\n",
		fmt.Sprintf("rowferry send, %d rows", rows), float64(rows)/f.wall, f.rss, f.wall/float64(rows)/perRow)
	return nil
}

// sheets compares sending a workbook with the bare loop over what excelize reads of it.
func (b *bench) sheets(rows, runs int) error {
	in := filepath.Join(b.dir, "sheet.xlsx")
	if _, err := timed(b.self, "xlsx", in, strconv.Itoa(rows)); err != nil {
		return err
	}
	var speed, cpu, memory []float64
	for range runs {
		c, err := timed(b.self, "control", in, filepath.Join(b.dir, "control.csv"), b.url+"/pay")
		if err != nil {
			return err
		}
		f, err := b.ferry(in, rows)
		if err != nil {
			return err
		}
		speed, cpu, memory = append(speed, c.wall/f.wall), append(cpu, f.cpu/c.cpu), append(memory, f.rss/c.rss)
	}
	fmt.Printf("%-46s ratio %.2f of rows/s (wanted: 1.5 or more), %.2f of CPU (wanted: 0.5 or less), %.2f of memory\n",
		fmt.Sprintf("a workbook of %d × 30 to results : control", rows), median(speed), median(cpu), median(memory))
	return nil
}

func (b *bench) reading(runs int) error {
	path := filepath.Join(b.dir, "in.xlsx")
	if _, err := timed(b.self, "xlsx", path, "100000"); err != nil {
		return err
	}
	var ours, theirs, memory []float64
	for range runs {
		o, err := timed(b.self, "read", path)
		if err != nil {
			return err
		}
		x, err := timed(b.self, "excelize", path)
		if err != nil {
			return err
		}
		ours, theirs, memory = append(ours, o.cpu), append(theirs, x.cpu), append(memory, o.rss)
	}
	fmt.Printf("%-46s %9.1f s CPU\n", "excelize, raw rows of 100000 × 30", median(theirs))
	fmt.Printf("%-46s %9.1f s CPU  %4.0f MiB (wanted: 60 or less)  ratio %.1f (wanted: 6 or more)\n", "our reader", median(ours), median(memory), median(theirs)/median(ours))
	return nil
}

// sink answers every POST as the provider of testdata/sink.yaml does, and counts. /5ms/pay answers after 5 ms; /some/pay refuses a tenth of the
// requests, /all/pay every one.
func (b *bench) sink() (stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b.url = "http://" + l.Addr().String()
	taken, refused := []byte(`{"code":1,"message":"success"}`), []byte(`{"code":2,"message":"refused"}`)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked.note()
		answer, status := taken, http.StatusOK
		first, _, _ := strings.Cut(r.URL.Path[1:], "/")
		switch first {
		case "some", "all":
			body, _ := io.ReadAll(r.Body)
			if first == "all" || bytes.Contains(body, []byte(`7","customer"`)) {
				answer, status = refused, http.StatusUnprocessableEntity
				b.refused.Add(1)
			}
		default:
			_, _ = io.Copy(io.Discard, r.Body)
		}
		b.taken.Add(1)
		wait, _ := time.ParseDuration(first) // of others none
		time.Sleep(wait)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(answer)
		b.asked.note()
	})}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(l) }()
	return func() { _ = server.Close(); <-done }, nil
}

// takeAlone reads, maps, checks and accepts a file into a fresh ledger, and sends nothing.
func takeAlone(config, in string) error {
	ctx := context.Background()
	cfg, err := pipeline.Load(config)
	if err != nil {
		return err
	}
	routes, err := pipeline.Routes(cfg, "")
	if err != nil {
		return err
	}
	l, err := drivers.Open(ctx, drivers.Of(cfg))
	if err != nil {
		return err
	}
	t := &take.Taker{Route: routes["pay"], Ledger: l, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	f, err := t.Hand(ctx, in)
	if err = errors.Join(err, l.Close()); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f.Counts)
}

func readXLSX(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	table, err := workbook.New(xlsx.Container).Open(context.Background(), readers.File{Name: path, Size: info.Size(), ReaderAt: f}, readers.Settings{})
	if err != nil {
		return err
	}
	defer table.Close()
	rows, bytes := 0, 0
	for row, err := range table.Rows() {
		if err != nil {
			return err
		}
		rows++
		for i := range row.Cells {
			bytes += len(row.Cells[i].Text)
		}
	}
	fmt.Println(rows, bytes)
	return nil
}

func readExcelize(path string) error {
	n, bytes := 0, 0
	err := records(path, func(cells []string) {
		n++
		for _, c := range cells {
			bytes += len(c)
		}
	})
	fmt.Println(n, bytes)
	return err
}
