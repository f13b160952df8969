package senders

import (
	"bytes"
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strings"

	"github.com/rowferry/rowferry/providers"
	"github.com/rowferry/rowferry/senders/auth"
	"github.com/rowferry/rowferry/words"
)

// message is the request of an attempt without what changes from one attempt to the next: where it goes and its headers.
func (c *call) message(a Attempt, body []byte) (message, error) {
	m := message{method: c.op.Method, url: c.url, header: c.header, body: body}
	if body == nil && c.op.Body != nil {
		m.header = maps.Clone(m.header)
		delete(m.header, "Content-Type")
	}
	if len(c.op.Parameters) > 0 {
		if err := c.parameters(a, &m); err != nil {
			return m, err
		}
	}
	if len(c.query) == 0 {
		return m, nil
	}
	u := *m.url
	for _, p := range c.query {
		u.RawQuery = join(u.RawQuery, p.name, p.value)
	}
	m.url = &u
	return m, nil
}

// pair is a parameter of the URL.
type pair struct{ name, value string }

func join(query, name, value string) string {
	if query != "" {
		query += "&"
	}
	return query + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// parameters puts the item's values into the path, the query, the headers and the cookies. All items of an attempt have the same.
func (c *call) parameters(a Attempt, m *message) error {
	r := &request{id: a.ID, items: a.Items, batch: c.encoder.rows != nil}
	groups := map[string]members{}
	for _, in := range providers.Places {
		ms, err := membersOf(c.op.Part(a.Items[0].Body, in))
		if err != nil {
			return err
		}
		groups[in] = ms
	}
	to := carried{path: c.path, header: maps.Clone(m.header)}
	for _, p := range c.op.Parameters {
		raw := groups[p.In].pull(p.Name)
		if p.Schema.Type == "object" || p.Style == providers.AsJSON {
			err := c.nested(p, raw, r, func(name, v string) { to.query = join(to.query, name, v) })
			if err != nil {
				return err
			}
			continue
		}
		values, err := c.values(p, raw, r)
		if err != nil {
			return err
		}
		if values == nil {
			continue
		}
		if err := to.put(p, values); err != nil {
			return err
		}
	}
	if len(to.cookies) > 0 {
		auth.Set(to.header, "Cookie", strings.Join(append(to.header["Cookie"], to.cookies...), "; ")) // a scheme may have written one
	}
	u, err := url.Parse(strings.TrimRight(c.server.String(), "/") + "/" + strings.TrimLeft(to.path, "/"))
	if err != nil {
		return err
	}
	u.RawQuery = to.query
	m.url, m.header = u, to.header
	return nil
}

// carried is where a request has its parameters.
type carried struct {
	path, query string
	header      http.Header
	cookies     []string
}

// put writes a parameter's values where it belongs.
func (to *carried) put(p providers.Parameter, values []string) error {
	together := strings.Join(values, cmp.Or(p.Style, ","))
	switch p.In {
	case "path":
		if strings.Trim(together, ".") == "" {
			return unfit(p)
		}
		to.path = strings.ReplaceAll(to.path, "{"+p.Name+"}", before(p)+url.PathEscape(together))
	case "query":
		if !p.Explode {
			values = []string{together}
		}
		for _, v := range values {
			to.query = join(to.query, p.Name, v)
		}
	case "header":
		if bad(together) {
			return unfit(p)
		}
		auth.Set(to.header, p.Name, together)
	case "cookie":
		to.cookies = append(to.cookies, p.Name+"="+url.PathEscape(together))
	}
	return nil
}

// before is what stands before a value in the path.
func before(p providers.Parameter) string {
	switch p.Style {
	case providers.Label:
		return "."
	case providers.Matrix:
		return ";" + url.PathEscape(p.Name) + "="
	}
	return ""
}

// unfit is the refusal of a value that cannot stand where its parameter does.
func unfit(p providers.Parameter) error {
	return &Failure{Message: words.Message("sender.parameter", "field", p.In+"."+p.Name), Final: true}
}

// nested gives the parameters of the URL that an object, or what is written as JSON, makes; none where it is not there.
func (c *call) nested(p providers.Parameter, raw []byte, r *request, pair func(name, value string)) error {
	r.path = []string{p.In, p.Name}
	if raw = bytes.TrimSpace(raw); string(raw) == "null" || len(raw) == 0 && !c.encoder.wanted[p.Schema] {
		return nil
	}
	full, err := c.encoder.json(nil, p.Schema, raw, r)
	switch {
	case err != nil:
		return err
	case p.Style == providers.AsJSON:
		pair(p.Name, string(full))
		return nil
	case p.Style == providers.Deep:
		return deep(p.Name, full, pair)
	}
	all, err := membersOf(full)
	if err != nil {
		return err
	}
	var texts []string
	for _, m := range all {
		if string(m.raw) == "null" {
			continue
		}
		v, err := scalar(m.raw)
		if err != nil {
			return err
		}
		if texts = append(texts, m.name, v); p.Explode {
			pair(m.name, v)
		}
	}
	if !p.Explode && len(texts) > 0 {
		pair(p.Name, strings.Join(texts, cmp.Or(p.Style, ",")))
	}
	return nil
}

// values are the texts of a parameter; nil when it is not there.
func (c *call) values(p providers.Parameter, raw []byte, r *request) ([]string, error) {
	raw = bytes.TrimSpace(raw)
	r.path = []string{p.In, p.Name}
	if v, mine := c.encoder.ours(p.Schema, raw, r); mine && p.Schema.Type == "array" {
		raw = []byte(v)
	} else if mine {
		return []string{v}, nil
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	if raw[0] != '[' {
		v, err := scalar(raw)
		return []string{v}, err
	}
	var out []string
	err := arrayOf(raw, func(one []byte) error {
		v, err := scalar(one)
		out = append(out, v)
		return err
	})
	return out, err
}
