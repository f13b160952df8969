package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/xuri/excelize/v2"
)

// control is the bare loop everything is compared with: read a row, map it, POST it from 32 goroutines, write a line.
// No ledger, no checks, no retry, no resume.
func control(in, out, url string) error {
	o, err := os.Create(out)
	if err != nil {
		return err
	}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConns: workers, MaxIdleConnsPerHost: workers}}
	jobs, results := make(chan job, 256), make(chan []string, 256)
	var posting, writing sync.WaitGroup
	for range workers {
		posting.Go(func() {
			for j := range jobs {
				results <- j.post(client, url)
			}
		})
	}
	writing.Go(func() {
		w := csv.NewWriter(o)
		_ = w.Write([]string{"row", "requestId", "http_status", "code", "message"})
		for line := range results {
			_ = w.Write(line)
		}
		w.Flush()
	})
	i := 0
	err = records(in, func(rec []string) {
		if i++; i > 1 {
			jobs <- job{i - 1, rec}
		}
	})
	if err != nil {
		return err
	}
	close(jobs)
	posting.Wait()
	close(results)
	writing.Wait()
	return o.Close()
}

// records gives those of a CSV, or the rows of a workbook as excelize reads them.
func records(in string, each func([]string)) error {
	if filepath.Ext(in) == ".xlsx" {
		f, err := excelize.OpenFile(in, excelize.Options{RawCellValue: true})
		if err != nil {
			return err
		}
		defer f.Close()
		rows, err := f.Rows(f.GetSheetName(0))
		if err != nil {
			return err
		}
		for rows.Next() {
			cells, err := rows.Columns()
			if err != nil {
				return err
			}
			each(cells)
		}
		return errors.Join(rows.Error(), rows.Close())
	}
	f, err := os.Open(in)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(f)
	for {
		rec, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		each(rec)
	}
}

const workers = 32

type job struct {
	line int
	rec  []string
}

func (j job) post(client *http.Client, url string) []string {
	p := mapRow(j.rec)
	body, _ := json.Marshal(p)
	line := []string{strconv.Itoa(j.line), p.RequestID, "", "", ""}
	resp, err := client.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		line[4] = err.Error()
		return line
	}
	answer, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	var a struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	_ = json.Unmarshal(answer, &a)
	line[2], line[3], line[4] = strconv.Itoa(resp.StatusCode), strconv.Itoa(a.Code), a.Message
	return line
}

// payload is the nested body: twelve fields of twenty columns.
type payload struct {
	RequestID string   `json:"requestId"`
	Customer  customer `json:"customer"`
	Address   address  `json:"address"`
	Payment   payment  `json:"payment"`
}
type customer struct {
	ID        string  `json:"id"`
	Name      name    `json:"name"`
	BirthDate string  `json:"birthDate"`
	Contact   contact `json:"contact"`
}
type name struct {
	First string `json:"first"`
	Last  string `json:"last"`
}
type contact struct {
	Email string `json:"email"`
	Phone string `json:"phone"`
}
type address struct {
	City       string `json:"city"`
	PostalCode string `json:"postalCode"`
	Country    string `json:"country"`
}
type payment struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

func date(s string) string {
	t, err := time.Parse("02/01/2006", strings.TrimSpace(s))
	if err != nil {
		return ""
	}
	return t.Format("2006-01-02")
}

func mapRow(r []string) payload {
	t := strings.TrimSpace
	return payload{
		RequestID: t(r[1]),
		Customer: customer{ID: t(r[0]), Name: name{t(r[2]), strings.ToUpper(t(r[3]))}, BirthDate: date(r[6]),
			Contact: contact{t(r[4]), t(r[5])}},
		Address: address{t(r[10]), t(r[12]), strings.ToUpper(t(r[13]))},
		Payment: payment{t(r[15]), strings.ToUpper(t(r[14]))},
	}
}
