package main

import (
	_ "embed"

	"github.com/rowferry/rowferry/batch"
	"github.com/rowferry/rowferry/configs"
	"github.com/rowferry/rowferry/console/people"
	"github.com/rowferry/rowferry/ledger"
	"github.com/rowferry/rowferry/ledger/drivers"
	"github.com/rowferry/rowferry/pipeline/backup"
	"github.com/rowferry/rowferry/pipeline/check"
	"github.com/rowferry/rowferry/pipeline/desk"
	"github.com/rowferry/rowferry/pipeline/proposal"
	"github.com/rowferry/rowferry/pipeline/retain"
	"github.com/rowferry/rowferry/providers"
)

// answersSchema is the JSON Schema of what commands print with --json: under $defs, by the words of the command.
//
//go:generate go test -run ^TestTheSchemaOfAnswers$ . -update
//go:embed answers.schema.json
var answersSchema string

// answers are values of what each command prints with --json. Names are in snake_case, times in RFC 3339; a key that is not listed as
// required is left out where there is nothing to say.
func answers() map[string]any {
	order := orderAnswer{}
	return map[string]any{
		"backup": backup.List{}, "cancel": order, "check": []check.Finding{}, "config": verdictAnswer{}, "demo": []ledger.File{}, "doctor": []finding{},
		"error": errorAnswer{}, "health": healthAnswer{}, "init": initAnswer{}, "ledger copy": drivers.Copied{}, "notify test": []noticeAnswer{}, "pause": order,
		"providers": []operation{}, "providers add": []providers.Offer{}, "providers add --operation": draftAnswer{}, "providers show": []operation{}, "providers template": templateAnswer{},
		"prune": retain.Gone{}, "prune (service)": order, "reload": desk.Reloading{}, "resend": order, "restore": backup.Restored{}, "resume": order,
		"run --once": []ledger.File{}, "send": []ledger.File{}, "simulate": map[string]string{},
		"status": filesAnswer{}, "status --backlog": backlogAnswer{}, "status FILE-ID": fileAnswer{}, "status FILE-ID --row": desk.Exchange{},
		"token add": tokenAnswer{}, "token list": []people.Person{}, "token remove": actAnswer{},
		"user add": actAnswer{}, "user list": []people.Person{}, "user password": actAnswer{}, "user remove": actAnswer{}, "version": built{},
	}
}

// orEmpty is a list that is written as [] when it is empty.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

type filesAnswer struct {
	Files         []desk.File                        `json:"files"`
	StoppedLanes  map[string]string                  `json:"stopped_lanes"`            // why, by account
	ClosedInboxes map[string]string                  `json:"closed_inboxes,omitempty"` // why they cannot be looked into, by route
	WaitingFiles  map[string]map[string]desk.Unready `json:"waiting_files,omitempty"`  // what stays in inboxes, by route and name
	Untold        map[string]string                  `json:"untold_notices,omitempty"` // why nobody is told of anything, by way: webhook, mail
	StrayReceipts []ledger.Received                  `json:"stray_receipts,omitempty"`
	Machines      *ledger.Turn                       `json:"machines,omitempty"` // of a ledger that several share
}

type fileAnswer struct {
	File         desk.File                  `json:"file"`
	NotDelivered []desk.Row                 `json:"not_delivered"`
	Receipts     map[batch.ReceiptClass]int `json:"receipts,omitempty"`
}

type backlogAnswer struct {
	Backlog []shownBacklog `json:"backlog"`
}

type orderAnswer struct {
	desk.Receipt
	Service bool `json:"service"` // a service runs
}

type errorAnswer struct {
	Error    string            `json:"error"`
	Mistakes []configs.Mistake `json:"mistakes,omitempty"`
}

type verdictAnswer struct {
	Mistakes []configs.Mistake `json:"mistakes"`
	Warnings []configs.Mistake `json:"warnings"`
}

type healthAnswer struct {
	Well bool   `json:"well"`
	Why  string `json:"why,omitempty"`
}

type noticeAnswer struct {
	Way  string `json:"way"`
	Sent bool   `json:"sent"`
	Why  string `json:"why,omitempty"`
}

type templateAnswer struct {
	File      string `json:"file"`
	Operation string `json:"operation"`
	Columns   int    `json:"columns"`
	Group     string `json:"group"`
}

type draftAnswer struct {
	File     string          `json:"file,omitempty"`     // that was written
	Document string          `json:"document,omitempty"` // where none was
	Missing  []missingAnswer `json:"missing"`
}

type missingAnswer struct {
	Place string `json:"place"`
	What  string `json:"what"`
}

type tokenAnswer struct {
	people.Person
	Token string `json:"token"` // shown this once
}

type actAnswer struct {
	Done string `json:"done"`
	Name string `json:"name"`
}

type initAnswer struct {
	Config      string              `json:"config"`
	Route       string              `json:"route"`
	Operation   string              `json:"operation"`
	Fields      []initField         `json:"fields"`
	Unused      []string            `json:"unused_columns"`
	Unfilled    []string            `json:"unfilled_fields"`
	Group       string              `json:"group,omitempty"`
	Environment []proposal.Variable `json:"environment"`
	Check       *check.Finding      `json:"check"`
}

type initField struct {
	Field    string          `json:"field"`
	Required bool            `json:"required,omitempty"`
	Column   string          `json:"column,omitempty"`
	Heading  string          `json:"heading,omitempty"`
	Surety   proposal.Surety `json:"surety"`
	Score    float64         `json:"score,omitempty"`
	Remarks  []string        `json:"remarks,omitempty"`
}
