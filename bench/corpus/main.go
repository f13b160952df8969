// Command corpus judges the readers by files that other people wrote: it reads every file of a corpus with the reader
// that its content asks for, compares the rows with what is expected, and prints the score and each miss.
//
//	go run ./bench/corpus -dir ../shared/corpus
//
// It ends with 1 when a file that must be read is refused, garbled, shortened or shifted, or when a file that must be
// refused is read or refused for the wrong reason.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	dir := flag.String("dir", "../shared/corpus", "the corpus: a folder with MANIFEST.tsv")
	only := flag.String("only", "", "judge only the files whose path contains this")
	verbose := flag.Bool("v", false, "print every file, not only the misses")
	flag.Parse()
	results, err := judgeAll(context.Background(), *dir, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if misses := report(os.Stdout, results, *verbose); misses > 0 {
		os.Exit(1)
	}
}

// report prints the score by format and verdict, then every miss, and returns how many there are.
func report(w io.Writer, results []result, verbose bool) int {
	type line struct{ format, verdict string }
	var order []line
	right, total := map[line]int{}, map[line]int{}
	misses := 0
	for _, r := range results {
		l := line{r.format, r.Verdict}
		if total[l] == 0 {
			order = append(order, l)
		}
		total[l]++
		if r.miss == "" {
			right[l]++
		} else {
			misses++
		}
	}
	for _, l := range order {
		fmt.Fprintf(w, "%-5s %-30s %3d of %3d\n", l.format, l.verdict, right[l], total[l])
	}
	for _, r := range results {
		switch {
		case r.miss != "":
			fmt.Fprintf(w, "MISS  %s (%s): %s\n", r.Path, r.Verdict, r.miss)
		case verbose:
			fmt.Fprintf(w, "ok    %s (%s): %s\n", r.Path, r.Verdict, strings.Join(r.remarks, "; "))
		}
	}
	if misses == 0 {
		fmt.Fprintln(w, "no misses")
	}
	return misses
}
