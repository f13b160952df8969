package console

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/words"
)

//go:embed openapi.json
var document []byte

// endpoint is one operation of the API, as openapi.json describes it.
type endpoint struct {
	pattern string // "GET /api/v1/files/{id}"
	least   people.Role
	handler handler
}

func (c *Console) endpoints() []endpoint {
	all := []endpoint{
		{"GET /api/v1/me", people.Viewer, c.apiMe},
		{"GET /api/v1/routes", people.Viewer, c.apiRoutes},
		{"POST /api/v1/routes/{route}/files", people.Sender, c.apiDrop},
		{"GET /api/v1/files", people.Viewer, c.apiFiles},
		{"GET /api/v1/files/{id}", people.Viewer, c.apiFile},
		{"GET /api/v1/files/{id}/rows", people.Viewer, c.apiRows},
		{"GET /api/v1/files/{id}/rows/{row}", people.Viewer, c.apiRow},
		{"GET /api/v1/files/{id}/result.csv", people.Viewer, c.download("csv")},
		{"GET /api/v1/files/{id}/result.xlsx", people.Viewer, c.download("xlsx")},
		{"GET /api/v1/files/{id}/summary.json", people.Viewer, c.download("summary")},
		{"GET /api/v1/files/{id}/original", people.Viewer, c.original},
		{"POST /api/v1/files/{id}/mend", people.Sender, c.apiMend},
		{"GET /api/v1/files/{id}/mend/columns", people.Sender, c.apiDraft},
		{"POST /api/v1/files/{id}/mend/columns", people.Sender, c.apiColumns},
		{"DELETE /api/v1/files/{id}/mend/columns", people.Sender, c.apiForget},
		{"DELETE /api/v1/files/{id}/mend/columns/{n}", people.Sender, c.apiForget},
		{"GET /api/v1/accounts", people.Viewer, c.apiAccounts},
		{"GET /api/v1/partners", people.Viewer, c.apiPartners},
		{"GET /api/v1/routes/{route}/template.xlsx", people.Viewer, c.template},
		{"POST /api/v1/doctor", people.Operator, c.apiDoctor},
		{"GET /api/v1/audit", people.Operator, c.apiAudit},
		{"GET /api/v1/events", people.Viewer, c.events},
	}
	for verb, least := range orders {
		all = append(all, endpoint{"POST /api/v1/files/{id}/" + string(verb), least, c.apiOrder(verb)})
	}
	for _, verb := range []ledger.Verb{ledger.Pause, ledger.Resume} {
		all = append(all, endpoint{"POST /api/v1/accounts/{name}/" + string(verb), people.Operator, c.apiAccountOrder(verb)})
	}
	return slices.Concat(all, c.staffEndpoints(), c.trialEndpoints())
}

// orders are what may be asked about a file, and by whom.
var orders = map[ledger.Verb]people.Role{
	ledger.Resend: people.Sender, ledger.Cancel: people.Operator, ledger.Pause: people.Operator, ledger.Resume: people.Operator, ledger.Release: people.Operator,
}

func (c *Console) api(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document)
	})
	for _, e := range c.endpoints() {
		mux.HandleFunc(e.pattern, c.may(e.least, asked(e.pattern, e.handler)))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		if taken := methods(mux, r); len(taken) > 0 {
			w.Header().Set("Allow", strings.Join(taken, ", "))
			c.problem(w, r, http.StatusMethodNotAllowed, "method", "console.api.method", "known", strings.Join(taken, ", "))
			return
		}
		c.problem(w, r, http.StatusNotFound, "not-found", "console.not_found")
	})
}

// methods lists those that the address of a request takes.
func methods(mux *http.ServeMux, r *http.Request) (taken []string) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if _, pattern := mux.Handler(&http.Request{Method: method, Host: r.Host, URL: r.URL}); strings.Contains(pattern, " /api/") {
			taken = append(taken, method)
		}
	}
	return taken
}

func (c *Console) apiMe(w http.ResponseWriter, _ *http.Request, p *people.Person) error {
	return writeJSON(w, http.StatusOK, p)
}

// apiRoute is a route as the API tells of it.
type apiRoute struct {
	Name      string `json:"name"`
	Account   string `json:"account"`
	Operation string `json:"operation"`
}

func (c *Console) apiRoutes(w http.ResponseWriter, _ *http.Request, p *people.Person) error {
	all := []apiRoute{}
	for _, name := range c.routesOf(p) {
		r := c.cfg.Routes[name]
		all = append(all, apiRoute{name, r.Account, r.Operation})
	}
	return writeJSON(w, http.StatusOK, map[string]any{"routes": all})
}

// routesOf lists the routes whose files a person may know of.
func (c *Console) routesOf(p *people.Person) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c.cfg.Routes)), func(name string) bool { return !p.Sees(name) })
}

// apiDrop takes the body as a file, or with check=true says what would become of it.
func (c *Console) apiDrop(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	route, name := r.PathValue("route"), named(r.URL.Query().Get("name"))
	way, known := c.engine.Routes[route]
	only, err := checks(r)
	switch {
	case err != nil:
		return err
	case !known || !p.Sees(route):
		return refused(http.StatusNotFound, "no-route", "console.no_route", "route", route)
	case name == "":
		return refused(http.StatusUnprocessableEntity, "no-name", "console.api.no_name")
	case strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/"):
		return refused(http.StatusUnprocessableEntity, "form", "console.api.form")
	case !only:
		return c.upload(w, r, p, route, name, r.Body)
	}
	finding, err := c.checkStream(r.Context(), way, name, r.Body)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, finding)
}

// named is a file's name without the folders that a client may write before it, and without dots that would hide its result.
func named(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	return strings.TrimLeft(name, ".")
}

// checks reports whether it is only asked what would happen. What is neither true nor false is refused: who misspells it would send.
func checks(r *http.Request) (bool, error) {
	value := r.URL.Query().Get("check")
	if r.URL.Query().Has("check") && value != "true" && value != "false" {
		return false, unfit("check", value)
	}
	return value == "true", nil
}

// upload uploads content and answers with its id.
func (c *Console) upload(w http.ResponseWriter, r *http.Request, p *people.Person, route, name string, content io.Reader) error {
	f, err := c.engine.Upload(r.Context(), route, name, content)
	if err != nil {
		return err
	}
	if err := c.act(r, p, ledger.Act{Verb: "drop", File: f.ID, Name: f.Name, Route: route}); err != nil {
		return err
	}
	return tellUpload(w, f)
}

// tellUpload answers with the id of a file that was uploaded: 202, or 200 with the earlier file's where it came before.
func tellUpload(w http.ResponseWriter, f ledger.File) error {
	if f.State == ledger.Duplicate {
		return writeJSON(w, http.StatusOK, map[string]any{"id": f.Reason, "duplicate": true, "this": f.ID})
	}
	w.Header().Set("Location", "/api/v1/files/"+f.ID)
	return writeJSON(w, http.StatusAccepted, map[string]any{"id": f.ID})
}

// act writes down what somebody did.
func (c *Console) act(r *http.Request, p *people.Person, a ledger.Act) error {
	a.At, a.By, a.From = time.Now().UTC(), p.Name, c.address(r)
	return c.books.Act(r.Context(), a)
}

// apiFile is a file as the API tells of it.
type apiFile struct {
	ID        string        `json:"id"`
	Route     string        `json:"route"`
	Name      string        `json:"name"`
	State     ledger.State  `json:"state"`
	Standing  desk.Standing `json:"standing,omitempty"`
	Why       string        `json:"why,omitempty"`
	SentAs    string        `json:"sent_as,omitempty"`
	Account   string        `json:"account"`
	Operation string        `json:"operation"`
	Size      int64         `json:"size"`
	Hash      string        `json:"hash,omitempty"`
	TakenAt   time.Time     `json:"taken_at"`
	Started   time.Time     `json:"started,omitzero"`
	Finished  time.Time     `json:"finished,omitzero"`
	Revision  int           `json:"revision"`
	Counts    apiCounts     `json:"counts"`
	Cancelled bool          `json:"cancelled,omitempty"`
	Base      string        `json:"result_of,omitempty"` // the file whose result this is
	Results   []string      `json:"results,omitempty"`
}

type apiCounts struct {
	batch.Counts
	Waiting int `json:"waiting"`
}

func tellFile(f desk.File) apiFile {
	out := apiFile{ID: f.ID, Route: f.Route, Name: f.Name, State: f.State, Standing: f.Standing, Why: f.Why, SentAs: f.SentAs, Account: f.Account, Operation: f.Operation,
		Size: f.Size, Hash: f.Hash, TakenAt: f.TakenAt, Started: f.Started, Finished: f.Finished, Revision: f.Revision,
		Counts: apiCounts{f.Counts, f.Counts.Pending()}, Cancelled: f.Cancelled, Results: f.Results}
	if f.Reading.Again != nil {
		out.Base = f.Reading.Again.Base
	}
	return out
}

// filter reads what files are asked for. A person who sees only some routes gets those alone.
func (c *Console) filter(r *http.Request, p *people.Person) (q ledger.Query, err error) {
	get := r.URL.Query()
	q = ledger.Query{Route: get.Get("route"), Text: cmp.Or(get.Get("q"), get.Get("search")), Account: get.Get("account"), Before: get.Get("cursor")}
	if s := ledger.State(get.Get("state")); s != "" {
		if !slices.Contains(ledger.States(), s) {
			return q, unfit("state", string(s))
		}
		q.States = []ledger.State{s}
	}
	if s := batch.Status(get.Get("outcome")); s != "" {
		if !slices.Contains(batch.Statuses(), s) {
			return q, unfit("outcome", string(s))
		}
		q.Outcomes = []batch.Status{s}
	}
	if q.Before != "" && !isID(q.Before) {
		return q, refused(http.StatusUnprocessableEntity, "cursor", "console.api.cursor")
	}
	limit, err := numberOf(get, "limit")
	if err != nil {
		return q, err
	}
	q.Last = min(cmp.Or(limit, 50), 500)
	if s := get.Get("since"); s != "" {
		var known bool
		if q.Since, known = desk.Since(s, time.Now()); !known {
			return q, refused(http.StatusUnprocessableEntity, "since", "console.api.since")
		}
	}
	q.Routes = p.Routes
	return q, nil
}

func (c *Console) apiFiles(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	q, err := c.filter(r, p)
	if err != nil {
		return err
	}
	files, next, err := c.page(r.Context(), q)
	if err != nil {
		return err
	}
	out := []apiFile{}
	for _, f := range files {
		out = append(out, tellFile(f))
	}
	return writeJSON(w, http.StatusOK, struct {
		Files []apiFile `json:"files"`
		Next  string    `json:"next,omitempty"`
	}{out, next})
}

// page gives files newest first, and the cursor of the next page.
func (c *Console) page(ctx context.Context, q ledger.Query) (files []desk.File, next string, err error) {
	most := q.Last
	q.Last++
	if files, err = c.desk.Files(ctx, q); err != nil {
		return nil, "", err
	}
	slices.Reverse(files)
	if len(files) > most {
		files = files[:most]
		next = files[most-1].ID
	}
	return files, next, nil
}

// file finds the file of a request that a person may know of.
func (c *Console) file(r *http.Request, p *people.Person) (desk.File, error) {
	f, err := c.desk.File(r.Context(), r.PathValue("id"))
	if err == nil && (f.ID != r.PathValue("id") || !p.Sees(f.Route)) {
		err = &desk.Refusal{Reason: desk.NoFile, File: r.PathValue("id")}
	}
	return f, err
}

func (c *Console) apiFile(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	reasons, _, err := c.reasons(r.Context(), c.desk.Steady(), f.File)
	if err != nil {
		return err
	}
	if reasons == nil {
		reasons = []desk.Group{}
	}
	notes := []string{}
	for _, n := range f.Reading.Notes {
		notes = append(notes, sayNote(f.Language, n, f.Reading.Sheets))
	}
	return writeJSON(w, http.StatusOK, struct {
		apiFile
		Problems []desk.Group `json:"problems"`
		Notes    []string     `json:"notes"`
		Unused   []string     `json:"unused_columns,omitempty"`
	}{tellFile(f), reasons, notes, f.Reading.Unused})
}

// apiRowView is a row as the API tells of it.
type apiRowView struct {
	Row       int               `json:"row"`
	Place     string            `json:"place,omitempty"`
	Cells     map[string]string `json:"cells,omitempty"`
	Outcome   string            `json:"outcome"` // "waiting" while there is none
	Code      string            `json:"code,omitempty"`
	Message   string            `json:"message,omitempty"`
	Reference string            `json:"reference,omitempty"`
	Attempts  int               `json:"attempts"`
	SentAt    time.Time         `json:"sent_at,omitzero"`
	NotBefore time.Time         `json:"not_before,omitzero"`
	Problems  []batch.Problem   `json:"problems,omitempty"`
}

func tellRow(s shownRow) apiRowView {
	v := apiRowView{Row: s.Number, Place: s.Place, Outcome: "waiting", Attempts: s.Tries, NotBefore: s.Until, Problems: s.Why, Cells: map[string]string{}}
	if o := s.Outcome; o != nil {
		v.Outcome, v.Code, v.Message, v.Reference, v.SentAt = string(o.Status), o.Code, s.Said(), o.Reference, o.SentAt
	}
	for i, text := range s.Cells {
		v.Cells[s.Keys[i]] = text
	}
	return v
}

// rowQuery reads what rows are asked for.
func rowQuery(get url.Values, file string) (q ledger.RowQuery, err error) {
	q = ledger.RowQuery{File: file, Code: get.Get("code"), Text: cmp.Or(get.Get("search"), get.Get("q")), After: get.Get("cursor"), Before: get.Get("before")}
	for _, s := range strings.FieldsFunc(strings.Join(get["status"], ","), func(r rune) bool { return r == ',' }) {
		status := batch.Status(s)
		switch {
		case s == "waiting":
			status = ledger.Open
		case !slices.Contains(batch.Statuses(), status):
			return q, unfit("status", s)
		}
		q.Outcomes = append(q.Outcomes, status)
	}
	for name, into := range map[string]*int{"limit": &q.Limit, "row": &q.Row, "from": &q.From} {
		if *into, err = numberOf(get, name); err != nil {
			return q, err
		}
	}
	q.Limit = min(cmp.Or(q.Limit, 50), 500)
	return q, nil
}

func (c *Console) apiRows(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	q, err := rowQuery(r.URL.Query(), f.ID)
	if err != nil {
		return err
	}
	if kind, _, _ := mime.ParseMediaType(strings.TrimSpace(strings.Split(r.Header.Get("Accept"), ",")[0])); kind == "application/x-ndjson" {
		return c.allRows(w, r, f, q)
	}
	rows, page, err := c.rows(r.Context(), c.desk, f.File, q)
	if err != nil {
		return err
	}
	out := []apiRowView{}
	for _, s := range rows {
		out = append(out, tellRow(s))
	}
	return writeJSON(w, http.StatusOK, struct {
		Rows     []apiRowView `json:"rows"`
		Next     string       `json:"next,omitempty"`
		Previous string       `json:"previous,omitempty"`
		Searched int          `json:"searched,omitempty"`
	}{out, page.Next, page.Previous, page.Looked})
}

// allRows gives every row that is asked for, one JSON object a line, as they are read.
func (c *Console) allRows(w http.ResponseWriter, r *http.Request, f desk.File, q ledger.RowQuery) error {
	w.Header().Set("Content-Type", "application/x-ndjson")
	q.Limit = 500
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	d := c.desk.Steady()
	for {
		rows, page, err := c.rows(r.Context(), d, f.File, q)
		if err != nil {
			c.log.Error("console: rows", "file", f.ID, "error", err)
			panic(http.ErrAbortHandler) // whoever reads must not take the part for the whole
		}
		for _, s := range rows {
			if err := e.Encode(tellRow(s)); err != nil {
				return nil // who asked has gone
			}
		}
		if page.Next == "" {
			return nil
		}
		q.After, q.From = page.Next, 0
	}
}

func (c *Console) apiRow(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	s, e, err := c.row(r.Context(), f.File, r.PathValue("row"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		apiRowView
		Rows     []int           `json:"rows"` // that were sent together
		Sent     json.RawMessage `json:"sent,omitempty"`
		Answered *batch.Answer   `json:"answered,omitempty"`
	}{tellRow(s), e.Together, e.Sent, e.Answered})
}

// apiOrder carries an order about a file out.
func (c *Console) apiOrder(verb ledger.Verb) handler {
	return func(w http.ResponseWriter, r *http.Request, p *people.Person) error {
		f, err := c.file(r, p)
		if err != nil {
			return err
		}
		var body struct {
			Status []batch.Status `json:"status"`
			Reason string         `json:"reason"`
			Check  bool           `json:"check"`
		}
		if err := readJSON(w, r, &body); err != nil {
			return err
		}
		for _, s := range strings.FieldsFunc(r.URL.Query().Get("status"), func(r rune) bool { return r == ',' }) {
			body.Status = append(body.Status, batch.Status(s))
		}
		if verb == ledger.Release && f.State == ledger.Duplicate && body.Reason == "" {
			return refused(http.StatusUnprocessableEntity, "why", "console.ask.why_first")
		}
		o := ledger.Order{Verb: verb, File: f.ID, Statuses: body.Status, By: p.Name, From: c.address(r), Why: body.Reason}
		only, err := checks(r)
		if err != nil {
			return err
		}
		return c.order(w, r, o, body.Check || only)
	}
}

func (c *Console) apiAccountOrder(verb ledger.Verb) handler {
	return func(w http.ResponseWriter, r *http.Request, p *people.Person) error {
		name := r.PathValue("name")
		if _, known := c.cfg.Accounts[name]; !known || !c.seesAccount(p, name) {
			return refused(http.StatusNotFound, "no-account", "console.no_account", "account", name)
		}
		var body struct {
			Reason string `json:"reason"`
		}
		if err := readJSON(w, r, &body); err != nil {
			return err
		}
		return c.order(w, r, ledger.Order{Verb: verb, Account: name, By: p.Name, From: c.address(r), Why: body.Reason}, false)
	}
}

// order leaves an order, or only says what it would do.
func (c *Console) order(w http.ResponseWriter, r *http.Request, o ledger.Order, check bool) error {
	receipt, err := c.desk.Weigh(r.Context(), o)
	if err == nil && !check {
		receipt, err = c.desk.Leave(r.Context(), receipt)
	}
	if err != nil {
		return err
	}
	status := http.StatusOK
	if !check && !receipt.Taken {
		status = http.StatusAccepted
	}
	return writeJSON(w, status, receipt)
}

// mostJSON bounds a body that is JSON, mostLong one that may hold a column of a long file.
const mostJSON, mostLong = 4 << 20, 64 << 20

// readJSON reads a body; none at all is an empty object.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	return readUpTo(w, r, into, mostJSON)
}

// readLong reads a body that may hold a column of a long file.
func readLong(w http.ResponseWriter, r *http.Request, into any) error {
	return readUpTo(w, r, into, mostLong)
}

func readUpTo(w http.ResponseWriter, r *http.Request, into any, most int64) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, most))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
	}
	key, args := misread(err)
	return refused(http.StatusUnprocessableEntity, "body", key, args...)
}

// misread is what is wrong with a body, in the words of who wrote it: its fields and places, none of our types.
func misread(err error) (key string, args []any) {
	_, field, unknown := strings.Cut(fmt.Sprint(err), "json: unknown field ")
	kind, mistyped := errors.AsType[*json.UnmarshalTypeError](err)
	long, tooLong := errors.AsType[*http.MaxBytesError](err)
	switch {
	case tooLong:
		return "console.api.body.long", []any{"most", long.Limit >> 20}
	case unknown:
		return "console.api.body.field", []any{"field", words.Short(strings.Trim(field, `"`))}
	case mistyped && kind.Field == "":
		return "console.api.body.kind", []any{"value", kind.Value}
	case mistyped:
		return "console.api.body.type", []any{"field", words.Short(kind.Field), "value", kind.Value}
	case err == nil:
		return "console.api.body.more", nil
	}
	return "console.api.body", []any{"cause", err}
}

// apiAccount is an account as the API tells of it.
type apiAccount struct {
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Rate     string `json:"rate"`
	InFlight int    `json:"in_flight"`
	Waiting  int    `json:"waiting"`
	Backlog  int    `json:"backlog"` // rows that have no outcome
	Stopped  string `json:"stopped,omitempty"`

	HeldUntil time.Time `json:"held_until,omitzero"` // the provider asked to wait
}

func (c *Console) apiAccounts(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	all, err := c.accounts(r.Context(), p)
	if err != nil {
		return err
	}
	out := []apiAccount{}
	for _, a := range all {
		out = append(out, a.apiAccount)
	}
	turn, err := c.desk.Turn(r.Context())
	if err != nil {
		return err
	}
	told := map[string]any{"accounts": out}
	if turn != nil {
		told["machines"] = turn
	}
	return writeJSON(w, http.StatusOK, told)
}

func (c *Console) apiAudit(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	get := r.URL.Query()
	before, err := numberOf(get, "cursor")
	if err != nil {
		return refused(http.StatusUnprocessableEntity, "cursor", "console.api.cursor")
	}
	acts, next, err := c.acts(r.Context(), p, ledger.ActQuery{By: get.Get("by"), Verb: get.Get("verb"), File: get.Get("file"), Before: int64(before), Limit: 100})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Acts []ledger.Act `json:"acts"`
		Next int64        `json:"next,omitempty"`
	}{acts, next})
}

// acts gives lines of the audit list that a person may know of, and the cursor of the next page.
func (c *Console) acts(ctx context.Context, p *people.Person, q ledger.ActQuery) (acts []ledger.Act, next int64, err error) {
	found, err := c.books.Acts(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	if len(found) == q.Limit && q.Limit > 0 {
		next = found[len(found)-1].N
	}
	acts = []ledger.Act{}
	for _, a := range found {
		if a.File == "" && a.Route == "" && (len(p.Routes) == 0 || a.By == p.Name) {
			acts = append(acts, a)
			continue
		}
		if a.File != "" {
			if f, err := c.books.File(ctx, a.File); err == nil {
				a.Name, a.Route = f.Name, f.Route
			}
		}
		if p.Sees(a.Route) {
			acts = append(acts, a)
		}
	}
	return acts, next, nil
}

// original gives the file as it came.
func (c *Console) original(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	copied, err := c.engine.Ledger.Copies().Open(r.Context(), f.ID)
	if err != nil {
		return refused(http.StatusNotFound, "no-original", "console.no_original")
	}
	defer copied.Close()
	attach(w, f.Name, "application/octet-stream")
	http.ServeContent(w, r, "", f.TakenAt, io.NewSectionReader(copied, 0, copied.Size()))
	return nil
}

// attach makes a browser save what follows and never show it.
func attach(w http.ResponseWriter, name, kind string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}
