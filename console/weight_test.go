package console_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// heaviest is what a page may weigh over the line when it is loaded for the first time, with its style, scripts and icon.
const heaviest = 150_000

var brought = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

// Each page is light at its first load, whatever it shows: here a file of 40 columns with long cells, whose rows all are to be mended, and
// 60 files with long names.
func TestPagesAreLight(t *testing.T) {
	o := open(t)
	var wide strings.Builder
	wide.WriteString("accountNumber,lesBookingId,failReason")
	for i := range 37 {
		fmt.Fprintf(&wide, ",A column of theirs %d", i)
	}
	for i := range 400 {
		fmt.Fprintf(&wide, "\n3000372,LBW%05d,", i)
		for k := range 37 {
			fmt.Fprintf(&wide, ",%d-%d Great Long Street, 客户 %d", i*7919%10007, k, i*104729%100003)
		}
	}
	id := o.drop("ann", "failures", "wide.csv", wide.String())
	o.ended(id)
	for i := range 60 {
		o.drop("ann", "other", fmt.Sprintf("a-very-long-name-of-a-file-that-somebody-exported-from-a-system-%d-of-many.csv", i), sheet(2, fmt.Sprint("LBN", i, "x")))
	}
	ann := o.visitor("ann")
	weights := map[string]int{} // of what pages bring, which is the same for all
	sample := strings.Join(strings.SplitN(wide.String(), "\n", 102)[:101], "\n")
	for _, page := range []string{"/", "/files", "/files/" + id, "/files/" + id + "?status=invalid", "/files/" + id + "/rows/4", "/files/" + id + "/mend", "/drop", ann.upload("/drop", map[string]string{"route": "failures"}, "file", sample),
		"/accounts", "/partners", "/routes", "/new", ann.upload("/new", map[string]string{"route": "fresh", "operation": "les/shipmentFailed"}, "sample", sample), "/audit", "/people", "/nowhere", "/sign-in"} {
		v := ann
		if page == "/sign-in" {
			v = &visitor{o: o}
		}
		weight, text := v.weigh(page)
		parts := brought.FindAllStringSubmatch(text, -1)
		if len(parts) < 4 {
			t.Errorf("%s brings %v", page, parts)
		}
		for _, part := range parts {
			if weights[part[1]] == 0 {
				weights[part[1]], _ = v.weigh(part[1])
			}
			weight += weights[part[1]]
		}
		t.Logf("%s: %d kB", page, weight/1000)
		if weight > heaviest {
			t.Errorf("%s weighs %d bytes, more than %d", page, weight, heaviest)
		}
		if strings.Contains(text, "http://") || strings.Contains(text, "https://") {
			t.Errorf("%s names another address", page)
		}
	}
}

// weigh loads a page as a browser does, and tells how many bytes came, with head, and its text.
func (v *visitor) weigh(path string) (int, string) {
	v.o.t.Helper()
	r := v.request("GET", path, nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		v.o.t.Fatal(err)
	}
	defer answer.Body.Close()
	packed, err := io.ReadAll(answer.Body)
	if err != nil {
		v.o.t.Fatal(err)
	}
	weight := len(packed)
	for name, values := range answer.Header {
		weight += len(name) + len(strings.Join(values, "")) + 4
	}
	if answer.StatusCode != 200 && path != "/nowhere" || answer.Header.Get("Content-Encoding") != "gzip" {
		v.o.t.Errorf("%s: %d, %v", path, answer.StatusCode, answer.Header)
	}
	return weight, unpacked(v.o.t, packed)
}

func unpacked(t testing.TB, b []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
