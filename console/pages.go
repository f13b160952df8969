package console

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/outbox/csvfile"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/mend"
	"github.com/rowferry/rowferry/templates"
)

// pages are the addresses for people, with the least role each needs.
func (c *Console) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /sign-in", c.signInPage)
	mux.HandleFunc("POST /sign-in", c.signIn)
	mux.HandleFunc("POST /sign-out", c.signOut)
	mux.HandleFunc("POST /language", c.choose)
	if c.company != nil {
		mux.HandleFunc("GET /sign-in/company", c.companyOut)
		mux.HandleFunc("GET /sign-in/oidc", c.companyBack)
	}
	for pattern, p := range map[string]struct {
		least people.Role
		h     handler
	}{
		"GET /{$}":                         {people.Viewer, c.today},
		"GET /files":                       {people.Viewer, c.filesPage},
		"GET /files/{id}":                  {people.Viewer, c.filePage},
		"GET /files/{id}/rows/{row}":       {people.Viewer, c.rowPage},
		"GET /files/{id}/mend":             {people.Sender, c.mendPage},
		"GET /files/{id}/result.csv":       {people.Viewer, c.download("csv")},
		"GET /files/{id}/result.xlsx":      {people.Viewer, c.download("xlsx")},
		"GET /files/{id}/summary.json":     {people.Viewer, c.download("summary")},
		"GET /files/{id}/original":         {people.Viewer, c.original},
		"GET /files/{id}/ask/{verb}":       {people.Sender, c.askPage},
		"POST /files/{id}/ask/{verb}":      {people.Sender, c.asked},
		"GET /drop":                        {people.Sender, c.dropPage},
		"POST /drop":                       {people.Sender, c.dropped},
		"GET /drop/{id}":                   {people.Sender, c.dropShown},
		"POST /drop/{id}":                  {people.Sender, c.dropDecided},
		"GET /accounts":                    {people.Viewer, c.accountsPage},
		"GET /accounts/{name}/ask/{verb}":  {people.Operator, c.accountAskPage},
		"POST /accounts/{name}/ask/{verb}": {people.Operator, c.accountAsked},
		"GET /partners":                    {people.Viewer, c.partnersPage},
		"POST /doctor":                     {people.Operator, c.doctorPage},
		"GET /routes":                      {people.Viewer, c.routesPage},
		"GET /routes/{route}/template":     {people.Viewer, c.template},
		"GET /new":                         {people.Admin, c.newPage},
		"POST /new":                        {people.Admin, c.newSample},
		"GET /new/{id}":                    {people.Admin, c.newTrial},
		"POST /new/{id}":                   {people.Admin, c.newText},
		"GET /audit":                       {people.Operator, c.auditPage},
		"GET /audit.csv":                   {people.Operator, c.auditCSV},
		"GET /people":                      {people.Admin, c.peoplePage},
		"POST /people":                     {people.Admin, c.peopleChanged},
	} {
		mux.HandleFunc(pattern, c.may(p.least, p.h))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if who(r) == nil {
			c.stranger(w, r)
			return
		}
		c.problem(w, r, http.StatusNotFound, "not-found", "console.not_found")
	})
}

// need is something that wants a person.
type need struct {
	Key  string // of its words
	File desk.File
	Rows int
	Why  string
	Link string
}

// under is a file that is under way, and when it will have ended.
type under struct {
	desk.File
	Ends time.Time
}

// recent is how long a file whose rows were not delivered is shown as one to mend.
const recent = 14 * 24 * time.Hour

// most bounds the lists of the first page, shortly what it shows of each before somebody asks for all: what is under way is not to be
// looked for below a hundred files to mend.
const most, shortly = 50, 8

// short are the first of a list, and how many are left out.
func short[T any](all []T, whole bool) (first []T, left int) {
	if whole || len(all) <= shortly+1 {
		return all, 0
	}
	return all[:shortly], len(all) - shortly
}

func (c *Console) today(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	open, err := c.desk.Files(r.Context(), ledger.Query{Routes: p.Routes, States: []ledger.State{ledger.Claiming, ledger.Taken, ledger.Sending, ledger.Settled}})
	if err != nil {
		return err
	}
	needs, err := c.needs(r.Context(), p, open)
	if err != nil {
		return err
	}
	going, err := c.underWay(r.Context(), open)
	if err != nil {
		return err
	}
	now := time.Now()
	day := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.Local)
	ended, _, err := c.page(r.Context(), ledger.Query{Routes: p.Routes, Since: day, States: []ledger.State{ledger.Reported}, Last: most})
	if err != nil {
		return err
	}
	var d struct {
		Needs []need
		Under []under
		Ended []desk.File

		MoreNeeds, MoreUnder, MoreEnded int

		Day  string
		None bool // no file was ever taken
	}
	whole := r.URL.Query().Get("all") != ""
	d.Needs, d.MoreNeeds = short(needs, whole)
	d.Under, d.MoreUnder = short(going, whole)
	d.Ended, d.MoreEnded = short(ended, whole)
	d.Day = day.Format(time.DateOnly)
	if len(needs)+len(going)+len(ended) == 0 {
		first, err := c.books.Files(r.Context(), ledger.Query{Routes: p.Routes, Last: 1})
		if err != nil {
			return err
		}
		d.None = len(first) == 0
	}
	return c.render(w, r, http.StatusOK, "today", c.view(r, "console.today", d))
}

// underWay says of files that are under way when those that wait will have ended.
func (c *Console) underWay(ctx context.Context, files []desk.File) ([]under, error) {
	all, err := c.books.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return nil, err
	}
	var out []under
	now := time.Now()
	for _, f := range files {
		u := under{File: f}
		if f.Standing == desk.Waiting {
			u.Ends = c.ends(f.File, all, now)
		}
		out = append(out, u)
	}
	return out, nil
}

// needs lists what wants a person, what hinders most first; open are the files that are under way.
func (c *Console) needs(ctx context.Context, p *people.Person, open []desk.File) ([]need, error) {
	var all []need
	accounts, err := c.accounts(ctx, p)
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if a.Stopped != "" {
			all = append(all, need{Key: "console.need.account", Why: a.Name + ": " + a.Stopped, Link: "/accounts"})
		}
	}
	looks := c.engine.Looks()
	for _, route := range c.routesOf(p) {
		if look := looks[route]; look.Trouble != "" {
			all = append(all, need{Key: "console.need.partner", Why: route + ": " + look.Trouble, Link: "/partners"})
		}
	}
	unready, err := c.unready(ctx, p)
	if err != nil {
		return nil, err
	}
	all = append(all, unready...)
	untold, err := c.untold(ctx, p)
	if err != nil {
		return nil, err
	}
	all = append(all, untold...)
	for _, f := range open {
		switch f.Standing {
		case desk.Paused, desk.Stalled, desk.Misfitting:
			all = append(all, need{Key: "console.need." + string(f.Standing), File: f, Why: f.Why, Link: "/files/" + f.ID})
		}
	}
	since := time.Now().Add(-recent)
	held, _, err := c.page(ctx, ledger.Query{Routes: p.Routes, Since: since, States: []ledger.State{ledger.Quarantined}, Last: most})
	if err != nil {
		return nil, err
	}
	ended, _, err := c.page(ctx, ledger.Query{Routes: p.Routes, Since: since, States: []ledger.State{ledger.Settled, ledger.Reported},
		Outcomes: []batch.Status{batch.Unknown, batch.Rejected, batch.Invalid, batch.Failed}, Last: most})
	if err != nil {
		return nil, err
	}
	all = append(all, c.undelivered(ctx, ended)...)
	for _, f := range held {
		all = append(all, need{Key: "console.need.quarantined", File: f, Why: f.Reason, Link: "/files/" + f.ID})
	}
	return all, nil
}

// lingering is how long a file stays in an inbox before anybody is needed: most are still being written.
const lingering = time.Minute

// unready are the files that stay in inboxes because they wait for something or are not whole.
func (c *Console) unready(ctx context.Context, p *people.Person) (all []need, err error) {
	files, err := c.desk.Unready(ctx)
	for _, route := range c.routesOf(p) {
		for _, name := range slices.Sorted(maps.Keys(files[route])) {
			if one := files[route][name]; time.Since(one.Since) >= lingering {
				all = append(all, need{Key: "console.need.unready", Why: route + ": " + name + ": " + one.Why, Link: "/partners"})
			}
		}
	}
	return all, err
}

// untold are the ways by which nobody is told of anything, for those who see all routes.
func (c *Console) untold(ctx context.Context, p *people.Person) (all []need, err error) {
	if len(p.Routes) > 0 {
		return nil, nil
	}
	ways, err := c.desk.Untold(ctx)
	for _, way := range slices.Sorted(maps.Keys(ways)) {
		all = append(all, need{Key: "console.need.untold", Why: way + ": " + ways[way], Link: "/"})
	}
	return all, err
}

// undelivered are the files with rows to look into, as far as no newer file of their family has these.
func (c *Console) undelivered(ctx context.Context, ended []desk.File) (all []need) {
	for _, f := range ended {
		left, err := c.left.of(ctx, c.desk, f.File)
		if err != nil {
			c.log.Error("which rows newer files have cannot be told", "file", f.ID, "error", err)
		}
		if n := left.Count(&f.File, batch.Unknown); n > 0 {
			all = append(all, need{Key: "console.need.unknown", File: f, Rows: n, Link: "/files/" + f.ID + "?status=unknown"})
		}
		if n := left.Count(&f.File, batch.Invalid, batch.Rejected, batch.Failed); n > 0 {
			all = append(all, need{Key: "console.need.mend", File: f, Rows: n, Link: "/files/" + f.ID})
		}
	}
	return all
}

func (c *Console) filesPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	q, err := c.filter(r, p)
	if err != nil {
		return err
	}
	files, next, err := c.page(r.Context(), q)
	if err != nil {
		return err
	}
	get := r.URL.Query()
	return c.render(w, r, http.StatusOK, "files", c.view(r, "console.files", struct {
		Files                           []desk.File
		Next                            string
		Q, Route, State, Outcome, Since string
		Routes                          []string
		States                          []ledger.State
		Outcomes                        []batch.Status
		Filtered, Later                 bool
	}{files, next, q.Text, q.Route, get.Get("state"), get.Get("outcome"), get.Get("since"), c.routesOf(p),
		[]ledger.State{ledger.Sending, ledger.Settled, ledger.Reported, ledger.Quarantined, ledger.Duplicate}, batch.Statuses(),
		q.Text+q.Route+get.Get("state")+get.Get("outcome")+get.Get("since") != "", q.Before != ""}))
}

// storyLine is one line of a file's story.
type storyLine struct {
	At  time.Time
	Key string
	By  string
	Why string
}

func (c *Console) filePage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	ctx := r.Context()
	d := c.desk.Steady()
	reasons, counted, err := c.reasons(ctx, d, f.File)
	if err != nil {
		return err
	}
	q, err := rowQuery(r.URL.Query(), f.ID)
	if err != nil {
		return err
	}
	rows, page, err := c.rows(ctx, d, f.File, q)
	if err != nil {
		return err
	}
	family, err := c.desk.Files(ctx, ledger.Query{Family: f.Root()})
	if err != nil {
		return err
	}
	acts, _, err := c.acts(ctx, p, ledger.ActQuery{File: f.ID, Limit: 100})
	if err != nil {
		return err
	}
	var notes []string
	for _, n := range f.Reading.Notes {
		notes = append(notes, sayNote(c.language(r), n, f.Reading.Sheets))
	}
	ends, err := c.foreseen(ctx, f)
	if err != nil {
		return err
	}
	left, err := c.left.of(ctx, d, f.File)
	if err != nil {
		return err
	}
	get := r.URL.Query()
	newest := slices.MaxFunc(append([]desk.File{f}, family...), func(a, b desk.File) int { return cmp.Compare(a.Generation(), b.Generation()) })
	v := c.view(r, "console.file", struct {
		File                    desk.File
		Reasons                 []desk.Group
		Rows                    []shownRow
		Page                    ledger.RowPage
		Keys                    []string
		Status, Code, Search    string
		Family                  []desk.File
		Newest                  desk.File
		Notes                   []string
		Story                   []storyLine
		Ends                    time.Time
		Ended, Mendable, Copied bool
		CellsComing             bool // the cells of some rows are still being read
		Counted                 bool // the reasons are told apart by column
		From                    string
		Left                    int // rows that no newer file has, where there is one
	}{f, reasons, rows, page, mend.Keys(f.Reading.Columns), get.Get("status"), get.Get("code"), q.Text, family, newest, notes, story(f, acts), ends,
		f.State == ledger.Settled || f.State == ledger.Reported, !left.None() && f.Counts.Delivered < f.Counts.Read && f.State.AtRest(), f.State != ledger.Duplicate,
		slices.ContainsFunc(rows, func(s shownRow) bool { return s.Cells == nil }) && c.shelf.busy(f.ID), counted, get.Get("from"), len(left.Rows)})
	v.Title = f.Name
	return c.render(w, r, http.StatusOK, "file", v)
}

// foreseen is when a file that waits will have been sent, as far as that can be told; zero where it does not wait.
func (c *Console) foreseen(ctx context.Context, f desk.File) (time.Time, error) {
	if f.Standing != desk.Waiting {
		return time.Time{}, nil
	}
	going, err := c.books.Files(ctx, ledger.Query{States: []ledger.State{ledger.Sending}})
	if err != nil {
		return time.Time{}, err
	}
	return c.ends(f.File, going, time.Now()), nil
}

// story is what happened to a file, oldest first.
func story(f desk.File, acts []ledger.Act) []storyLine {
	lines := []storyLine{{At: f.TakenAt, Key: "console.story.taken"}}
	if !f.Started.IsZero() {
		lines = append(lines, storyLine{At: f.Started, Key: "console.story.started"})
	}
	if !f.Finished.IsZero() && f.Open == 0 {
		lines = append(lines, storyLine{At: f.Finished, Key: "console.story.finished"})
	}
	for _, a := range acts {
		lines = append(lines, storyLine{At: a.At, Key: "console.verb." + a.Verb, By: a.By, Why: a.Why})
	}
	slices.SortStableFunc(lines, func(a, b storyLine) int { return a.At.Compare(b.At) })
	return lines
}

func (c *Console) rowPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	row, e, err := c.row(r.Context(), f.File, r.PathValue("row"))
	if err != nil {
		return err
	}
	v := c.view(r, "console.row", struct {
		File     desk.File
		Row      *shownRow
		Together []int
		Sent     string
		Answered *batch.Answer
		Body     string // of the answer
	}{f, &row, e.Together, indented(e.Sent), e.Answered, desk.Indented(e.Answered)})
	v.Title = f.Name + " · " + row.Name()
	return c.render(w, r, http.StatusOK, "row", v)
}

// mendable is how many rows a page of the grid has.
const mendable = 200

func (c *Console) mendPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, err := c.file(r, p)
	if err != nil {
		return err
	}
	q := ledger.RowQuery{File: f.ID, Outcomes: mend.Outcomes(), After: r.URL.Query().Get("cursor"), Before: r.URL.Query().Get("before"), Limit: mendable}
	rows, page, err := c.rows(r.Context(), c.desk.Steady(), f.File, q)
	if err != nil {
		return err
	}
	d, err := c.draftOf(r.Context(), p, f.ID)
	if err != nil {
		return err
	}
	left, err := c.left.of(r.Context(), c.desk, f.File)
	if err != nil {
		return err
	}
	if left.Newer != "" && !left.None() {
		rows = slices.DeleteFunc(rows, func(s shownRow) bool { _, is := left.Rows[s.Number]; return !is })
	}
	d.drafted(f.Reading.Columns, rows)
	v := c.view(r, "console.mend", struct {
		File  desk.File
		Rows  []shownRow
		Keys  []string
		Page  ledger.RowPage
		Draft *draft
		Newer string
		Left  int // rows that no newer file has, where there is one

		Unknown, Rejected int
	}{f, rows, mend.Keys(f.Reading.Columns), page, d, left.Newer, len(left.Rows), left.Count(&f.File, batch.Unknown), left.Count(&f.File, batch.Rejected)})
	return c.render(w, r, http.StatusOK, "mend", v)
}

// askPage says what an order would do, in numbers, before it is given.
func (c *Console) askPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, o, err := c.asking(w, r, p)
	if err != nil {
		return err
	}
	receipt, err := c.desk.Weigh(r.Context(), o)
	if err != nil {
		return err
	}
	return c.render(w, r, http.StatusOK, "ask", c.view(r, "console.verb."+string(o.Verb), struct {
		File    desk.File
		Receipt desk.Receipt
		Reason  bool // it must be given
		Unknown bool // rows of which nobody knows whether they were executed
	}{f, receipt, o.Verb == ledger.Release && f.State == ledger.Duplicate, slices.Contains(o.Statuses, batch.Unknown)}))
}

// asking reads what is to be asked about a file, and whether the person may.
func (c *Console) asking(w http.ResponseWriter, r *http.Request, p *people.Person) (f desk.File, o ledger.Order, err error) {
	o.Verb = ledger.Verb(r.PathValue("verb"))
	least, known := orders[o.Verb]
	switch {
	case !known:
		return f, o, ledger.ErrNotFound
	case !p.Role.May(least):
		return f, o, refused(http.StatusForbidden, "role", "console.not_allowed", "role", c.view(r, "", nil).T("console.role."+string(least)))
	}
	if f, err = c.file(r, p); err != nil {
		return f, o, err
	}
	o.File, o.By, o.From = f.ID, p.Name, c.address(r)
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	o.Why = r.PostFormValue("why")
	for _, s := range r.Form["status"] {
		o.Statuses = append(o.Statuses, batch.Status(s))
	}
	return f, o, nil
}

// asked gives the order.
func (c *Console) asked(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	f, o, err := c.asking(w, r, p)
	if err != nil {
		return err
	}
	if slices.Contains(o.Statuses, batch.Unknown) && r.PostFormValue("looked") == "" {
		return refused(http.StatusUnprocessableEntity, "looked", "console.ask.look_first")
	}
	if o.Verb == ledger.Release && f.State == ledger.Duplicate && o.Why == "" {
		return refused(http.StatusUnprocessableEntity, "why", "console.ask.why_first")
	}
	receipt, err := c.desk.Weigh(r.Context(), o)
	if err != nil {
		return err
	}
	if receipt.Twice > 0 && r.PostFormValue("twice") == "" {
		return refused(http.StatusUnprocessableEntity, "twice", "console.ask.twice_first")
	}
	if _, err := c.desk.Leave(r.Context(), receipt); err != nil {
		return err
	}
	return redirected(w, r, "/files/"+f.ID)
}

func (c *Console) accountsPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	all, err := c.accounts(r.Context(), p)
	if err != nil {
		return err
	}
	type shown struct {
		shownAccount
		Plot plot
	}
	var out []shown
	for _, a := range all {
		out = append(out, shown{a, drawPace(a)})
	}
	turn, err := c.desk.Turn(r.Context())
	if err != nil {
		return err
	}
	return c.render(w, r, http.StatusOK, "accounts", c.view(r, "console.accounts", struct {
		Accounts []shown
		Turn     *ledger.Turn
	}{out, turn}))
}

func (c *Console) accountAskPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	all, err := c.accounts(r.Context(), p)
	if err != nil {
		return err
	}
	verb := r.PathValue("verb")
	i := slices.IndexFunc(all, func(a shownAccount) bool { return a.Name == r.PathValue("name") })
	if i < 0 || verb != string(ledger.Pause) && verb != string(ledger.Resume) {
		return ledger.ErrNotFound
	}
	return c.render(w, r, http.StatusOK, "ask-account", c.view(r, "console.verb."+verb, struct {
		Account shownAccount
		Verb    string
	}{all[i], verb}))
}

func (c *Console) accountAsked(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	name, verb := r.PathValue("name"), ledger.Verb(r.PathValue("verb"))
	if _, known := c.cfg.Accounts[name]; !known || !c.seesAccount(p, name) || verb != ledger.Pause && verb != ledger.Resume {
		return ledger.ErrNotFound
	}
	if _, err := c.desk.Ask(r.Context(), ledger.Order{Verb: verb, Account: name, By: p.Name, From: c.address(r), Why: r.PostFormValue("why")}); err != nil {
		return err
	}
	return redirected(w, r, "/accounts")
}

func (c *Console) routesPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	type shown struct {
		configs.Route
		Title  batch.Text
		Fields int
	}
	var all []shown
	for _, name := range c.routesOf(p) {
		s := shown{Route: c.cfg.Routes[name]}
		if way := c.engine.Routes[name]; way != nil {
			s.Title, s.Fields = way.Operation.Title, len(way.Operation.Fields)
		}
		all = append(all, s)
	}
	return c.render(w, r, http.StatusOK, "routes", c.view(r, "console.routes", all))
}

// template gives a workbook to fill in for a route.
func (c *Console) template(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	name := r.PathValue("route")
	way := c.engine.Routes[name]
	if way == nil || !p.Sees(name) {
		return refused(http.StatusNotFound, "no-route", "console.no_route", "route", name)
	}
	attach(w, way.Operation.ID+".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	if err := templates.Write(w, way.Operation, templates.Settings{Language: c.language(r), Group: c.cfg.Routes[name].Group}); err != nil {
		c.log.Error("console: template", "route", name, "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (c *Console) auditPage(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	get := r.URL.Query()
	before, _ := strconv.ParseInt(get.Get("cursor"), 10, 64)
	acts, next, err := c.acts(r.Context(), p, ledger.ActQuery{By: get.Get("by"), Verb: get.Get("verb"), File: get.Get("file"), Before: before, Limit: 100})
	if err != nil {
		return err
	}
	return c.render(w, r, http.StatusOK, "audit", c.view(r, "console.audit", struct {
		Acts     []ledger.Act
		Next     int64
		By, Verb string
		Verbs    []string
	}{acts, next, get.Get("by"), get.Get("verb"), []string{"drop", "mend", "resend", "cancel", "pause", "resume", "release", "sign-in", "user", "token", "remove", "end-session", "doctor", "route", "reload"}}))
}

// auditCSV gives the whole list that the filters leave, the newest first.
func (c *Console) auditCSV(w http.ResponseWriter, r *http.Request, p *people.Person) error {
	get := r.URL.Query()
	attach(w, "audit.csv", "text/csv; charset=utf-8")
	_, _ = io.WriteString(w, "\ufeff")
	out := csv.NewWriter(w)
	_ = out.Write([]string{"at", "by", "from", "verb", "file", "name", "route", "account", "statuses", "rows", "why", "about"})
	for before := int64(0); ; {
		acts, next, err := c.acts(r.Context(), p, ledger.ActQuery{By: get.Get("by"), Verb: get.Get("verb"), File: get.Get("file"), Before: before, Limit: 500})
		if err != nil {
			c.log.Error("console: audit", "error", err)
			panic(http.ErrAbortHandler) // whoever reads must not take the part for the whole
		}
		for _, a := range acts {
			cells := []string{a.At.UTC().Format(time.RFC3339), a.By, a.From, a.Verb, a.File, a.Name, a.Route, a.Account, fmt.Sprint(a.Statuses), strconv.Itoa(a.Rows), a.Why, a.About}
			for i := range cells {
				if csvfile.Runs(cells[i]) {
					cells[i] = "'" + cells[i]
				}
			}
			if err := out.Write(cells); err != nil {
				return nil // who asked has gone
			}
		}
		if out.Flush(); next == 0 {
			return nil
		}
		before = next
	}
}
