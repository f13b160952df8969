package senders

import (
	"bytes"
	"maps"
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
	path, query := c.path, ""
	var cookies []string
	header := maps.Clone(m.header)
	for _, p := range c.op.Parameters {
		values, err := c.values(p, groups[p.In].pull(p.Name), r)
		if err != nil {
			return err
		}
		if values == nil {
			continue
		}
		together := strings.Join(values, ",")
		switch p.In {
		case "path":
			if strings.Trim(together, ".") == "" {
				return unfit(p)
			}
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(together))
		case "query":
			if !p.Explode {
				values = []string{together}
			}
			for _, v := range values {
				query = join(query, p.Name, v)
			}
		case "header":
			if bad(together) {
				return unfit(p)
			}
			auth.Set(header, p.Name, together)
		case "cookie":
			cookies = append(cookies, p.Name+"="+url.PathEscape(together))
		}
	}
	if len(cookies) > 0 {
		auth.Set(header, "Cookie", strings.Join(append(header["Cookie"], cookies...), "; ")) // a scheme may have written one
	}
	u, err := url.Parse(strings.TrimRight(c.server.String(), "/") + "/" + strings.TrimLeft(path, "/"))
	if err != nil {
		return err
	}
	u.RawQuery = query
	m.url, m.header = u, header
	return nil
}

// unfit is the refusal of a value that cannot stand where its parameter does.
func unfit(p providers.Parameter) error {
	return &Failure{Message: words.Message("sender.parameter", "field", p.In+"."+p.Name), Final: true}
}

// values are the texts of a parameter; nil when it is not there.
func (c *call) values(p providers.Parameter, raw []byte, r *request) ([]string, error) {
	raw = bytes.TrimSpace(raw)
	r.path = []string{p.In, p.Name}
	if v, mine := c.encoder.ours(p.Schema, raw, r); mine {
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
